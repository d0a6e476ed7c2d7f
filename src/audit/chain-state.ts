import { chainStart, lineHash, type ChainedLine } from './chain-line.ts';
import type { ChainProblem, ChainProblemKind, OpenTail } from './chain-problem.ts';
import { Gaps, outOfOrder } from './sequence.ts';

/** A chained line with what is known of it. */
export interface SeenLine {
  readonly line: ChainedLine;
  /** `valid` when the key made its code, `none` when it has no code. */
  readonly code: 'valid' | 'invalid' | 'none';
  readonly type: unknown;
  readonly requestId: string | null;
  /** Of a checkpoint: how many records it counts. */
  readonly records: unknown;
  readonly ts: number;
  readonly stream: string;
}

const iso = (ts: number): string => new Date(ts).toISOString();

/** What has been seen of one chain: its lines come one by one, and its problems at the end. */
export class ChainState {
  readonly id: string;
  readonly #problems: ChainProblem[] = [];
  readonly #gaps = new Gaps();
  readonly #order: number[] = [];
  /** Of lines that came before or after their turn. */
  readonly #moved = new Map<number, SeenLine>();
  /** When the line before a gap came. */
  readonly #gapTimes = new Map<number, number>();
  readonly #strays: SeenLine[] = [];
  #home: SeenLine | undefined;
  #atHome = 0;
  #due = 0;
  #last: SeenLine | undefined;
  #lastCheckpoint = -1;
  #records = 0;
  #valid = 0;
  #firstValid = Number.POSITIVE_INFINITY;
  readonly #uncoded: SeenLine[] = [];
  readonly #invalid: SeenLine[] = [];

  constructor(id: string) {
    this.id = id;
  }

  take(seen: SeenLine): void {
    const { line, code, type } = seen;
    const { seq } = line;
    const isCheckpoint = type === 'audit-checkpoint';
    if (code === 'invalid') {
      this.#invalid.push(seen);
      // Its number may be a part of what was edited: it counts where one is missing.
      if (seq !== this.#due && !this.#gaps.has(seq)) return;
    }
    if (!this.#place(seen)) return;
    this.#checkLink(seen);
    this.#checkStream(seen);
    if (code === 'valid') {
      this.#valid++;
      this.#firstValid = Math.min(this.#firstValid, seq);
    } else if (code === 'none') {
      this.#uncoded.push(seen);
    }
    if (!isCheckpoint) this.#records++;
    else if (code === 'valid') this.#checkpoint(seen);
    this.#last = seen;
  }

  /** Whether the line is one that was due. */
  #place(seen: SeenLine): boolean {
    const { seq } = seen.line;
    if (seq >= this.#due) {
      if (seq > this.#due) {
        this.#gaps.add(this.#due, seq - 1);
        this.#gapTimes.set(this.#due, this.#last?.ts ?? Number.NaN);
        this.#moved.set(seq, seen);
      }
      this.#due = seq + 1;
    } else if (this.#gaps.has(seq)) {
      this.#gaps.fill(seq);
      this.#moved.set(seq, seen);
    } else {
      this.#report('duplicate', seen, 'there was a line of this number before');
      return false;
    }
    this.#order.push(seq);
    return true;
  }

  #checkLink({ line, code }: SeenLine): void {
    const before = this.#last;
    if (before === undefined || code === 'invalid' || before.code === 'invalid') return;
    if (before.line.seq !== line.seq - 1 || line.prev === lineHash(before.line.line)) return;
    this.#report('edited', before, 'it is not the line that the next one was written after');
  }

  #checkStream(seen: SeenLine): void {
    this.#home ??= seen;
    if (seen.stream === this.#home.stream) this.#atHome++;
    else this.#strays.push(seen);
  }

  #checkpoint(seen: SeenLine): void {
    this.#lastCheckpoint = Math.max(this.#lastCheckpoint, seen.line.seq);
    const isWhole =
      this.#order[0] === 0 && this.#gaps.ranges.length === 0 && this.#invalid.length === 0;
    if (isWhole && seen.records !== this.#records) {
      this.#report(
        'bad-checkpoint',
        seen,
        `it counts ${String(seen.records)} records, and there are ${this.#records}`,
      );
    }
  }

  /**
   * @param from - where reading began, Unix milliseconds: what a chain had before that is not missing.
   * @param openAfter - lines of this time or later may still be vouched for.
   */
  problems(from: number, openAfter: number): readonly ChainProblem[] {
    this.#reportInvalid();
    if (this.#isNobodys) return this.#problems;
    this.#reportMissing(from);
    const moved = this.#moved.size === 0 ? [] : outOfOrder(this.#order);
    for (const seq of moved) {
      this.#report('reordered', this.#moved.get(seq), 'it is not in its place', seq);
    }
    const homesAreFew = this.#strays.length > this.#atHome;
    for (const stray of homesAreFew ? [this.#home] : this.#strays) {
      if (stray === undefined || moved.includes(stray.line.seq)) continue;
      this.#report('reordered', stray, 'the other lines of its chain are in another stream');
    }
    if (this.#valid === 0 && this.#last !== undefined && this.#last.ts < openAfter) {
      this.#report('unchained', this.#last, `no key vouches for its ${this.#uncoded.length} lines`);
    }
    return this.#problems;
  }

  /** What no checkpoint covers yet. */
  get openTail(): OpenTail | undefined {
    const last = this.#last;
    const toSeq = this.#due - 1;
    if (last === undefined || this.#isNobodys || this.#lastCheckpoint >= toSeq) {
      return undefined;
    }
    return {
      chain: this.id,
      stream: last.stream,
      fromSeq: Math.max(this.#lastCheckpoint + 1, this.#order[0] ?? 0),
      toSeq,
      lastTs: iso(last.ts),
    };
  }

  /** Lines that only claim to be of a chain do not make one. */
  get #isNobodys(): boolean {
    return this.#valid + this.#uncoded.length === 0;
  }

  #reportInvalid(): void {
    const [first] = this.#invalid;
    if (first !== undefined && this.#isNobodys && this.#invalid.length > 1) {
      const last = this.#invalid.at(-1)?.line.seq ?? first.line.seq;
      this.#report(
        'edited',
        first,
        `none of its ${this.#invalid.length} lines was written with the audit’s key`,
        first.line.seq,
        last,
      );
      return;
    }
    // A container that has the key never loses it.
    for (const seen of this.#uncoded.filter(({ line }) => line.seq > this.#firstValid)) {
      this.#report('edited', seen, 'it has no code, and lines before it have one');
    }
    for (const seen of this.#invalid) {
      const kind = seen.type === 'audit-checkpoint' ? 'bad-checkpoint' : 'edited';
      this.#report(kind, seen, 'its code does not fit');
    }
  }

  #reportMissing(from: number): void {
    for (const { first, last } of this.#gaps.ranges) {
      const isHead = first === 0;
      if (isHead && !(chainStart(this.id) >= from)) continue;
      const ts = this.#gapTimes.get(first);
      const count = last - first + 1;
      this.#problems.push({
        kind: 'missing',
        chain: this.id,
        seq: first,
        ...(last > first ? { lastSeq: last } : {}),
        requestId: null,
        ts: ts === undefined || Number.isNaN(ts) ? null : iso(ts),
        where: `${this.#home?.stream ?? ''}: ${count} ${count === 1 ? 'line' : 'lines'} ${isHead ? 'at the start' : `after ${first - 1}`}`,
      });
    }
  }

  #report(
    kind: ChainProblemKind,
    seen: SeenLine | undefined,
    detail: string,
    seq = seen?.line.seq ?? null,
    lastSeq?: number,
  ): void {
    this.#problems.push({
      kind,
      chain: this.id,
      seq,
      ...(lastSeq === undefined ? {} : { lastSeq }),
      requestId: seen?.requestId ?? null,
      ts: seen === undefined ? null : iso(seen.ts),
      where: `${seen?.stream ?? this.#home?.stream ?? ''}: ${detail}`,
    });
  }
}
