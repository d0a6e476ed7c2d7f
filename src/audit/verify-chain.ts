import type { KeyObject } from 'node:crypto';
import { isAuthentic, readChainedLine } from './chain-line.ts';
import type { ChainProblem, OpenTail } from './chain-problem.ts';
import { ChainState } from './chain-state.ts';
import { fieldsOf, type LogLine } from './log-reader.ts';

export interface VerifyOptions {
  /** The current key first, and the one before. */
  readonly keys: readonly KeyObject[];
  /** Where reading began, Unix milliseconds. */
  readonly from: number;
  /** Unix milliseconds. What is younger than a minute may still be closed or vouched for. */
  readonly now: number;
  /** Hears the request id of each record. */
  readonly onRecord?: (requestId: string) => void;
}

export interface ChainReport {
  readonly chains: number;
  readonly records: number;
  readonly checkpoints: number;
  readonly problems: readonly ChainProblem[];
  readonly openTails: readonly OpenTail[];
}

export const openForMs = 60_000;

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);

/** A line of the audit that is so broken that it is no record anymore. */
const looksAudited = (line: string): boolean =>
  line.includes('"type":"audit') && /"chain":(?:\{|null\})/.test(line);

/** Checks every chain in `lines`, which are in the order of the log. Lines of other kinds are passed over. */
export const verifyChains = async (
  lines: AsyncIterable<LogLine>,
  { keys, from, now, onRecord }: VerifyOptions,
): Promise<ChainReport> => {
  const chains = new Map<string, ChainState>();
  const problems: ChainProblem[] = [];
  let records = 0;
  let checkpoints = 0;
  const loose = (kind: 'edited' | 'unchained', seen: LogLine, detail: string): void => {
    const { requestId } = fieldsOf(seen.line) ?? {};
    problems.push({
      kind,
      chain: null,
      seq: null,
      requestId: textOf(requestId),
      ts: new Date(seen.ts).toISOString(),
      where: `${seen.stream}: ${detail}`,
    });
  };
  for await (const seen of lines) {
    const line = readChainedLine(seen.line);
    const fields = fieldsOf(seen.line) ?? {};
    const isRecord = fields['type'] === 'audit';
    const requestId = textOf(fields['requestId']);
    if (isRecord) {
      records++;
      if (requestId !== null) onRecord?.(requestId);
    }
    if (fields['type'] === 'audit-checkpoint') checkpoints++;
    if (line === undefined) {
      if (isRecord && fields['chain'] === null) loose('unchained', seen, 'it is in no chain');
      else if (isRecord || looksAudited(seen.line)) {
        loose('edited', seen, 'it is not in the form of a record');
      }
      continue;
    }
    let chain = chains.get(line.id);
    if (chain === undefined) {
      chain = new ChainState(line.id);
      chains.set(line.id, chain);
    }
    chain.take({
      line,
      code: line.mac === null ? 'none' : isAuthentic(line, keys) ? 'valid' : 'invalid',
      type: fields['type'],
      requestId,
      records: fields['records'],
      ts: seen.ts,
      stream: seen.stream,
    });
  }
  for (const chain of chains.values()) problems.push(...chain.problems(from, now - openForMs));
  return {
    chains: chains.size,
    records,
    checkpoints,
    problems: problems.toSorted((one, other) => ((one.ts ?? '') < (other.ts ?? '') ? -1 : 1)),
    openTails: [...chains.values()].flatMap(({ openTail }) => openTail ?? []),
  };
};
