import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { freePort } from './free-port.ts';
import { JsonFile } from './state/json-file.ts';

/** The variable by which `config/mcp.json` says where the example's REST service is. */
const urlVariable = 'ITEMS_API_URL';
/** The secret that its callers send (`config/local.json`). */
export const itemsApiSecret = 'items-api-key';

const remembered = z.object({ port: z.number().int().min(0).max(65_535) });

const mentions = (file: string): boolean =>
  existsSync(file) && readFileSync(file, 'utf8').includes(`\${env:${urlVariable}}`);

export interface RunningItemsApi {
  /** What callers send as `X-Api-Key`: made anew for each start. */
  readonly apiKey: string;
  close(): Promise<void>;
}

/** The REST service of `examples/items-api`, as a place in the configuration and as a process. */
export class ItemsApi {
  readonly #projectDirectory: string;
  readonly #port: number;

  private constructor(projectDirectory: string, port: number) {
    this.#projectDirectory = projectDirectory;
    this.#port = port;
  }

  /**
   * Finds a port for it, the one of last time when that is free: the address is a part of what is synthesized.
   * @param wantedPort - when there was no last time.
   * @returns undefined when the configuration does not use it.
   */
  static async plan(
    projectDirectory: string,
    stateDirectory: string,
    wantedPort: number,
  ): Promise<ItemsApi | undefined> {
    if (!mentions(join(projectDirectory, 'config', 'mcp.json'))) return undefined;
    const file = new JsonFile(join(stateDirectory, 'items-api.json'), remembered, {
      port: wantedPort,
    });
    const port = await freePort(file.value.port).catch(() => freePort(0));
    file.save({ port });
    return new ItemsApi(projectDirectory, port);
  }

  /** For the process that synthesizes. */
  get environment(): Readonly<Record<string, string>> {
    return { [urlVariable]: `http://127.0.0.1:${this.#port}` };
  }

  /** @throws Error when it does not start. */
  async start(): Promise<RunningItemsApi> {
    const apiKey = randomBytes(24).toString('base64url');
    const server = join(this.#projectDirectory, 'examples', 'items-api', 'server.ts');
    const child = spawn(
      process.execPath,
      [server, '--port', String(this.#port), '--stop-with-stdin'],
      {
        // It ends with this pipe, however this process ends.
        stdio: ['pipe', 'pipe', 'ignore'],
        env: { ITEMS_API_KEY: apiKey, PATH: process.env['PATH'] },
      },
    );
    const exited = once(child, 'exit');
    await Promise.race([
      once(child.stdout, 'data'),
      exited.then(() => {
        throw new Error(`examples/items-api did not start on port ${this.#port}`);
      }),
    ]);
    return {
      apiKey,
      close: async () => {
        child.stdin.end();
        await exited;
      },
    };
  }
}
