import type { AdminOperation } from '../../src/admin/admin-audit.ts';
import type { Actor } from '../../src/admin/operator.ts';
import type { AdminPorts, ProjectPorts } from '../../src/admin/ports.ts';
import type { Terminal } from '../io.ts';

/** `<thing>.<verb>` and what it is done to; for the audit. `tenant`: whom it is about. */
export type Operation = readonly [
  name: `${string}.${string}`,
  target: string | null,
  more?: Pick<AdminOperation, 'tenant'>,
];

/** What the verbs of one run of the CLI work with. */
export interface VerbContext {
  readonly terminal: Terminal;
  /**
   * Connects to the deployment and runs one operation, which leaves an audit record whatever comes of it. What it prints, it
   * prints in `run`: a key is shown once, also when its record cannot be written.
   */
  readonly operate: <T>(
    operation: Operation,
    run: (ports: AdminPorts, actor: Actor) => Promise<T>,
  ) => Promise<T>;
  /** `operate` for what may need no deployment: there is a record when one was connected to. */
  readonly operateMaybe: <T>(
    operation: Operation,
    run: (connect: () => Promise<AdminPorts>) => Promise<T>,
  ) => Promise<T>;
  /** @throws CliError USAGE where there are no files of a project. */
  readonly project: (configDirectory?: string) => ProjectPorts;
  readonly print: <T>(data: T, text: (data: T) => string) => void;
}
