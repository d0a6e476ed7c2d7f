import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';

const SERVER = fileURLToPath(new URL('./dynalite-server.cjs', import.meta.url));
/** Its heap is small: with Node's own limits it would be let grow to three times as much before it is swept. */
const NODE_OPTIONS = ['--max-semi-space-size=2'];
const CONNECTIONS = 64;
const START_TIMEOUT_MS = 15_000;
const ANSWER_TIMEOUT_MS = 20_000;

export interface DynaliteOptions {
  /** The LevelDB folder. */
  readonly dataDirectory: string;
  readonly region: string;
  readonly accountId: string;
  /** @default an ephemeral port */
  readonly port?: number;
  /** It ended without `stop`. It is started again; a second error says that this failed. */
  readonly onCrash?: (error: Error) => void;
}

export interface DynaliteReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** dynalite asks for the form of a signature and checks none: the twin has checked the caller's before. */
const UNCHECKED_SIGNATURE = {
  'x-amz-date': '20260101T000000Z',
  authorization:
    'AWS4-HMAC-SHA256 Credential=twin/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
};

/** DynamoDB: a dynalite process that can be stopped and started, to see what an outage does. */
export class DynaliteProcess {
  readonly #options: DynaliteOptions;
  #child: ChildProcess | undefined;
  #pool: Pool | undefined;

  constructor(options: DynaliteOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it serves. @throws Error with what the process wrote when it does not. */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const { dataDirectory, region, accountId, port = 0 } = this.#options;
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    const options = JSON.stringify({ path: dataDirectory, port });
    const child = spawn(process.execPath, [...NODE_OPTIONS, SERVER, options], {
      env: { AWS_REGION: region, AWS_ACCOUNT_ID: accountId },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    const errors: string[] = [];
    createInterface(child.stderr).on('line', (line) => errors.push(line) > 20 && errors.shift());
    child.on('exit', (code, signal) => this.#onExit(child, code ?? signal, errors));
    try {
      const origin = await listening(child);
      this.#pool = new Pool(origin, {
        connections: CONNECTIONS,
        pipelining: 1,
        headersTimeout: ANSWER_TIMEOUT_MS,
        bodyTimeout: ANSWER_TIMEOUT_MS,
      });
    } catch (cause) {
      this.#forget(child);
      child.kill('SIGKILL');
      throw new Error(`DynamoDB (dynalite) did not start. ${errors.join('\n')}`, { cause });
    }
  }

  /** Ends it at once: what was answered is on disk. Calls fail until `start`. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exited = once(child, 'exit');
    this.#forget(child);
    child.kill('SIGKILL');
    await exited;
  }

  /** @throws Error when it is not running, or does not answer. */
  async request(operation: string, body: Buffer | string): Promise<DynaliteReply> {
    const pool = this.#pool;
    if (pool === undefined) throw new Error('DynamoDB is not running.');
    const reply = await pool.request({
      path: '/',
      method: 'POST',
      headers: {
        ...UNCHECKED_SIGNATURE,
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `DynamoDB_20120810.${operation}`,
      },
      body,
    });
    return {
      status: reply.statusCode,
      headers: reply.headers,
      body: Buffer.from(await reply.body.arrayBuffer()),
    };
  }

  #onExit(child: ChildProcess, reason: unknown, errors: readonly string[]): void {
    const serving = this.#child === child && this.#pool !== undefined;
    if (!serving) return;
    this.#forget(child);
    const { onCrash } = this.#options;
    onCrash?.(new Error(`DynamoDB (dynalite) ended: ${String(reason)}. ${errors.join('\n')}`));
    this.start().catch((error: unknown) => onCrash?.(error as Error));
  }

  #forget(child: ChildProcess): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    const pool = this.#pool;
    this.#pool = undefined;
    pool?.destroy().catch(() => undefined);
  }
}

/** The origin that a new dynalite serves on. */
const listening = async (child: ChildProcess): Promise<string> => {
  const { stdout } = child;
  if (stdout === null) throw new Error('no stdout');
  const lines = createInterface(stdout);
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  const [line] = (await Promise.race([
    once(lines, 'line', { signal }),
    once(child, 'exit', { signal }).then(() => Promise.reject(new Error('It exited.'))),
  ])) as [string];
  const port = /^listening (\d+)$/.exec(line)?.[1];
  if (port === undefined) throw new Error(`unexpected: ${line}`);
  return `http://127.0.0.1:${port}`;
};
