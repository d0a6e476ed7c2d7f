import { HttpListener } from './gateway/http-listener.ts';
import { startTwin, type Twin, type TwinOptions } from './twin.ts';

type LiveTwinOptions = Omit<TwinOptions, 'cdkOut' | 'port' | 'listener'>;

const host = '127.0.0.1';

/**
 * A twin at an address that stays. It can be exchanged for one of another template over the same state; requests that
 * come in meanwhile wait.
 */
export class LiveTwin {
  readonly #listener: HttpListener;
  readonly #options: LiveTwinOptions;
  #twin: Twin;
  #cdkOut: string;
  /** Exchanges happen one after the other, and none after `close`. */
  #work: Promise<void> = Promise.resolve();
  #isClosed = false;

  private constructor(
    listener: HttpListener,
    options: LiveTwinOptions,
    twin: Twin,
    cdkOut: string,
  ) {
    this.#listener = listener;
    this.#options = options;
    this.#twin = twin;
    this.#cdkOut = cdkOut;
  }

  /** @throws Error as `startTwin` does. */
  static async start({
    cdkOut,
    port,
    ...options
  }: Omit<TwinOptions, 'listener'>): Promise<LiveTwin> {
    const listener = await HttpListener.open(port, host);
    try {
      const twin = await startTwin({ ...options, cdkOut, port, listener });
      return new LiveTwin(listener, options, twin, cdkOut);
    } catch (error) {
      await listener.close();
      throw error;
    }
  }

  get twin(): Twin {
    return this.#twin;
  }

  /**
   * Exchanges the twin for one of this template. When that one does not start, the one before is started again.
   * @throws Error why the new one did not start.
   */
  exchange(cdkOut: string): Promise<void> {
    const done = this.#work.then(async () => {
      if (this.#isClosed) return;
      await this.#twin.close();
      try {
        this.#twin = await this.#start(cdkOut);
        this.#cdkOut = cdkOut;
      } catch (error) {
        this.#twin = await this.#start(this.#cdkOut);
        throw error;
      }
    });
    this.#work = done.catch(() => undefined);
    return done;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#work;
    await this.#twin.close();
    await this.#listener.close();
  }

  #start(cdkOut: string): Promise<Twin> {
    const { port } = this.#listener;
    return startTwin({ ...this.#options, cdkOut, port, listener: this.#listener });
  }
}
