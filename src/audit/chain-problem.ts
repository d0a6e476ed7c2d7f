export type ChainProblemKind =
  /** The line is not the one that was written. */
  | 'edited'
  /** Lines of the chain are not there, or none of a request that the access log has. */
  | 'missing'
  /** The line is not where it was written. */
  | 'reordered'
  /** The line is there a second time. */
  | 'duplicate'
  /** As `edited`, of a checkpoint; or it counts other records than there are. */
  | 'bad-checkpoint'
  /** A record that no key vouches for. */
  | 'unchained';

export interface ChainProblem {
  readonly kind: ChainProblemKind;
  readonly chain: string | null;
  /** Of the line, or of the first of several. */
  readonly seq: number | null;
  /** Of the last of several. */
  readonly lastSeq?: number;
  readonly requestId: string | null;
  /** When the log took the line; of missing lines, the time of the line before. */
  readonly ts: string | null;
  /** For people: stream and circumstances. */
  readonly where: string;
}

/** The end of a chain that no checkpoint closes: if lines behind it were removed, the chain does not show it. */
export interface OpenTail {
  readonly chain: string;
  readonly stream: string;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly lastTs: string;
}
