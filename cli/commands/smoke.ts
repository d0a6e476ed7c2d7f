import { AdminError } from '../../src/admin/admin-error.ts';
import type { DeploymentFacts } from '../../src/admin/ports.ts';
import { httpExchange } from '../../src/smoke/http-exchange.ts';
import type { SmokeOutcome } from '../../src/smoke/smoke.ts';
import { CliError } from '../errors.ts';
import type { Terminal } from '../io.ts';

export interface SmokeOptions {
  /** Instead of the deployment's own. */
  readonly url?: string;
  /** Ask for the key. */
  readonly key?: boolean;
}

export interface KeySources {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The demo key of the twin; undefined where the command is not for the twin, or it has none. */
  readonly demoKey: () => Promise<string | undefined>;
}

/** A key is never a word of the command line, where others of the machine read it. @throws CliError USAGE */
export const readKey = async (
  { key = false }: SmokeOptions,
  { terminal: { askHidden }, environment, demoKey }: KeySources,
): Promise<string> => {
  const { DRAWBRIDGE_KEY: held = '' } = environment;
  if (!key) {
    const found = held === '' ? await demoKey() : held;
    if (found !== undefined) return found;
  }
  if (askHidden === undefined) {
    throw new CliError('USAGE', 'nobody is there to ask for the key: set DRAWBRIDGE_KEY');
  }
  return (await askHidden('API key')).trim();
};

/** The API's URL, without what people copy along with it. @throws CliError USAGE */
export const urlOf = (text: string): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (
    url?.protocol !== 'https:' &&
    url?.hostname !== '127.0.0.1' &&
    url?.hostname !== 'localhost'
  ) {
    throw new CliError(
      'USAGE',
      '--url is where clients reach the API, as in https://mcp.example.com',
    );
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/u, '').replace(/\/mcp$/u, '');
};

/** @throws AdminError DEPLOYMENT_INVALID where the deployment is too old to say. */
export const publicUrlOf = ({ publicUrl }: DeploymentFacts): string => {
  if (publicUrl !== undefined) return publicUrl;
  throw new AdminError(
    'DEPLOYMENT_INVALID',
    'the deployment does not say where clients reach it: deploy this version of Drawbridge, or give --url',
  );
};

/** API Gateway's own address where it is switched off, as it is with a domain. */
export const closedHostOf = ({ closedUrl }: DeploymentFacts) =>
  closedUrl === undefined ? undefined : httpExchange(closedUrl);

/** After the table was printed. @throws CliError CHECK_FAILED */
export const assertAllPassed = (outcomes: readonly SmokeOutcome[]): void => {
  const failed = outcomes.filter(({ result }) => result === 'failed').length;
  if (failed === 0) return;
  throw new CliError('CHECK_FAILED', failed === 1 ? '1 check failed' : `${failed} checks failed`);
};
