import { UpstreamError } from './upstream.ts';

export interface PooledSession {
  readonly closed: boolean;
  close(): Promise<void>;
}

interface Entry<S> {
  readonly opening: Promise<S>;
  session: S | undefined;
  inUse: number;
  usedAt: number;
}

export interface SessionPoolOptions {
  readonly maxSessions: number;
  /** A session that was idle for longer is not used again, milliseconds. */
  readonly maxIdleMs: number;
  readonly now: () => number;
}

/** Sessions by tenant: opened at the first use, shared by concurrent ones, looked through when one is wanted. */
export class SessionPool<S extends PooledSession> {
  readonly #options: SessionPoolOptions;
  readonly #open: (tenant: string) => Promise<S>;
  /** The least recently used comes first. */
  readonly #entries = new Map<string, Entry<S>>();

  constructor(open: (tenant: string) => Promise<S>, options: SessionPoolOptions) {
    this.#open = open;
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Lends the tenant's session to `work`.
   * @param signal - gives up waiting for a session that is being opened; others may still wait for it.
   */
  async use<T>(tenant: string, signal: AbortSignal, work: (session: S) => Promise<T>): Promise<T> {
    this.#retireIdle();
    const entry = this.#entryOf(tenant);
    entry.inUse += 1;
    try {
      return await work(await unlessAborted(entry.opening, signal));
    } finally {
      entry.inUse -= 1;
      entry.usedAt = this.#options.now();
    }
  }

  /** Forgets the session, when it is still the tenant's. Calls that use it go on. */
  drop(tenant: string, session: S): void {
    if (this.#entries.get(tenant)?.session === session) this.#entries.delete(tenant);
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map(closeEntry));
  }

  #entryOf(tenant: string): Entry<S> {
    const known = this.#entries.get(tenant);
    this.#entries.delete(tenant);
    const isUsable = known !== undefined && known.session?.closed !== true;
    const entry = isUsable ? known : this.#begin(tenant);
    this.#entries.set(tenant, entry);
    this.#retireSurplus();
    return entry;
  }

  #begin(tenant: string): Entry<S> {
    const opening = this.#open(tenant);
    const entry: Entry<S> = {
      opening,
      session: undefined,
      inUse: 0,
      usedAt: this.#options.now(),
    };
    opening.then(
      (session) => {
        entry.session = session;
      },
      () => {
        if (this.#entries.get(tenant) === entry) this.#entries.delete(tenant);
      },
    );
    return entry;
  }

  #retireIdle(): void {
    const { now, maxIdleMs } = this.#options;
    for (const [tenant, entry] of this.#entries) {
      if (entry.inUse > 0 || now() - entry.usedAt <= maxIdleMs) continue;
      this.#entries.delete(tenant);
      void closeEntry(entry);
    }
  }

  /** One that is in use stays, over the limit if need be. */
  #retireSurplus(): void {
    for (const [tenant, entry] of this.#entries) {
      if (this.#entries.size <= this.#options.maxSessions) return;
      if (entry.inUse > 0) continue;
      this.#entries.delete(tenant);
      void closeEntry(entry);
    }
  }
}

const closeEntry = async <S extends PooledSession>({ opening }: Entry<S>): Promise<void> => {
  await opening.then(
    (session) => session.close(),
    () => undefined,
  );
};

const unlessAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = () =>
      reject(
        signal.reason instanceof UpstreamError
          ? signal.reason
          : new UpstreamError('aborted', 'The call was given up.'),
      );
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
