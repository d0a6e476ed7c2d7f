import { AdminError } from '../../src/admin/admin-error.ts';
import {
  approvePins,
  diffPins,
  planApproval,
  writePinLock,
  type PinDiff,
} from '../../src/admin/pins.ts';
import type { AdminPorts, ProjectPorts } from '../../src/admin/ports.ts';
import { CliError } from '../errors.ts';
import type { Terminal } from '../io.ts';
import { pinDiffText } from '../pin-texts.ts';
import { approvalView, pinDiffView, type ApprovalView, type PinDiffView } from '../pin-views.ts';

export const pinsDiff = async (
  ports: AdminPorts,
  project: ProjectPorts,
  name: string | undefined,
  tenants: readonly string[] | undefined,
): Promise<readonly PinDiffView[]> =>
  (await diffPins(ports, project, name, tenants)).map(pinDiffView);

export interface PinsApproveOptions {
  readonly tool?: readonly string[];
  readonly all?: boolean;
  /** Write `config/mcp.lock.json` as well. */
  readonly file?: boolean;
  readonly tenant?: readonly string[];
}

const choiceOf = ({ tool, all = false }: PinsApproveOptions): 'all' | readonly string[] => {
  if (all && tool !== undefined) throw new CliError('USAGE', 'give --all or --tool, not both');
  if (tool === undefined && !all) {
    throw new CliError('USAGE', 'approve what? Give --tool <name>, or --all that differ');
  }
  return tool ?? 'all';
};

/**
 * Approves what the server lists now: exactly what the operator is shown, if somebody is there to look.
 * @throws CliError DECLINED when the operator is asked and does not say yes: nothing changed.
 */
export const pinsApprove = async (
  ports: AdminPorts,
  project: ProjectPorts,
  name: string,
  options: PinsApproveOptions,
  terminal: Pick<Terminal, 'err'> & { readonly confirm?: Terminal['confirm'] | undefined },
): Promise<readonly ApprovalView[]> => {
  const choice = choiceOf(options);
  const outcomes = await diffPins(ports, project, name, options.tenant);
  const diffs = outcomes.map((outcome): PinDiff => {
    if (outcome.state === 'ok') return outcome;
    throw new CliError(
      'CHECK_FAILED',
      `server "${name}" could not be asked for its tools (${outcome.failure}): ${outcome.message}`,
    );
  });
  if (options.file === true && !diffs.some(({ where }) => where === 'deployed')) {
    throw new AdminError(
      'INVALID_INPUT',
      `server "${name}" is live, and ${project.pinLock.name} is of the entries in ${project.mcpJson.name}: leave --file away`,
    );
  }
  const planned = diffs.map((diff) => ({ diff, approval: planApproval(diff, choice) }));
  const count = planned.reduce(
    (sum, { approval }) => sum + approval.approved.length + approval.forgotten.length,
    0,
  );
  if (terminal.confirm !== undefined && count > 0) {
    terminal.err(`${pinDiffText(diffs.map(pinDiffView))}\n\n`);
    const what = choice === 'all' ? `${count} differences` : choice.join(', ');
    if (!(await terminal.confirm(`Approve ${what} of server ${name}?`))) {
      throw new CliError('DECLINED', `nothing of server ${name} was approved`);
    }
  }
  const views: ApprovalView[] = [];
  for (const { diff, approval } of planned) {
    const isFiled = options.file === true && diff.where === 'deployed';
    if (isFiled) await writePinLock(project, name, approval.pins);
    const isNew = approval.approved.length + approval.forgotten.length > 0;
    if (isNew) await approvePins(ports, diff, approval);
    views.push(approvalView(diff, approval, isFiled ? project.pinLock.name : undefined));
  }
  return views;
};
