import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock/clock.ts';
import type { AuditKey } from './audit-key.ts';
import { chainedLine, lineHash, newChainId } from './chain-line.ts';

/** Lines after which a checkpoint is written, and the time after the first of them: whichever is first. */
export const checkpointEvery = { lines: 100, ms: 60_000 } as const;

/** A record before it has its place: whatever `chain` it has is replaced. */
export interface Chainable {
  readonly type: 'audit';
  readonly chain: unknown;
}

export interface ChainedSinkDeps {
  readonly writeLine: (line: string) => void;
  readonly key: AuditKey;
  /** The deployment, as in the records. */
  readonly env: string;
  readonly now: Clock;
  /** @default 12 random bytes */
  readonly random?: () => string;
  /** Runs something later, without keeping the process for it. */
  readonly later?: (run: () => void, ms: number) => void;
  /** Hears how many records were written without a code when the key could not be read again. @default nobody */
  readonly onGap?: (records: number) => void;
}

const unheld = (run: () => void, ms: number): void => void setTimeout(run, ms).unref();

/**
 * Writes records as one chain (docs/adr/0020-audit-chain.md): each holds the hash of the line before and a code of itself. A record
 * waits for nothing. Until the key can be read, records are written without a code, and the first line with one vouches
 * for them by their hashes.
 */
export class ChainedSink {
  readonly #deps: Required<ChainedSinkDeps>;
  #id: string | undefined;
  #seq = 0;
  #prev = '';
  #records = 0;
  /** Lines since the last checkpoint, and when the first of them was written. */
  #open = 0;
  #openSince = 0;
  #isTimed = false;
  #isWaiting = false;
  /** Records that wait for a key, and that nobody was told of. */
  #uncoded = 0;

  constructor(deps: ChainedSinkDeps) {
    this.#deps = {
      random: () => randomBytes(12).toString('base64url'),
      later: unheld,
      onGap: () => undefined,
      ...deps,
    };
  }

  write(record: Chainable): void {
    const { chain: _, ...fields } = record;
    if (this.#open === 0) this.#openSince = this.#deps.now();
    this.#append(fields);
    this.#records++;
    this.#open++;
    if (this.#deps.key.chain === undefined) {
      this.#uncoded++;
      this.#awaitKey();
    } else if (this.#isDue()) this.checkpoint();
    else this.#checkpointLater();
  }

  /** Says how far the chain has come. Nothing is written when the last line says so already, or while there is no key. */
  checkpoint(): void {
    if (this.#open === 0 || this.#deps.key.chain === undefined) return;
    this.#open = 0;
    this.#append({
      type: 'audit-checkpoint',
      ts: new Date(this.#deps.now()).toISOString(),
      env: this.#deps.env,
      records: this.#records,
    });
  }

  #append(fields: object): void {
    const { writeLine, key, now, random } = this.#deps;
    this.#id ??= newChainId(now(), random());
    const link = { id: this.#id, seq: this.#seq, prev: this.#prev };
    const line = chainedLine(fields, link, key.chain);
    this.#seq++;
    this.#prev = lineHash(line);
    writeLine(line);
  }

  /** The first record at once: many a container has no second. */
  #isDue(): boolean {
    const { lines, ms } = checkpointEvery;
    return this.#records === 1 || this.#open >= lines || this.#deps.now() - this.#openSince >= ms;
  }

  /** Where nothing freezes the process, an idle chain is closed too. On Lambda the next request finds it due. */
  #checkpointLater(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.#deps.later(() => {
      this.#isTimed = false;
      this.checkpoint();
    }, checkpointEvery.ms);
  }

  #awaitKey(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#deps.key.secret().then(
      () => {
        this.#isWaiting = false;
        this.#uncoded = 0;
        this.checkpoint();
      },
      () => {
        // The next record tries again.
        this.#isWaiting = false;
        this.#deps.onGap(this.#uncoded);
        this.#uncoded = 0;
      },
    );
  }
}
