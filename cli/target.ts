import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { deploymentParameterName } from '../src/admin/deployment-document.ts';
import { CliError } from './errors.ts';

export interface TargetOptions {
  readonly env?: string;
  readonly region?: string;
  readonly profile?: string;
}

/** Where the commands go. */
export type Target =
  | {
      readonly kind: 'twin';
      readonly env: typeof twinEnv;
      readonly parameter: string;
      readonly endpoint: string;
      /** Where it serves clients. */
      readonly hosts: readonly string[];
      readonly region: string;
      readonly credentials: {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
        readonly sessionToken?: string;
      };
    }
  | {
      readonly kind: 'aws';
      readonly env: string;
      readonly parameter: string;
      readonly region?: string;
      readonly profile?: string;
    };

export interface Surroundings {
  readonly cwd: string;
  /** Where this CLI is installed: looked at last. */
  readonly packageRoot: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The environment that `npm start` deploys to the twin. */
const twinEnv = 'local';

const connectionFile = path.join('.drawbridge', 'connection.json');

const connection = z.object({
  url: z.url(),
  adminAws: z.object({
    region: z.string().min(1),
    accessKeyId: z.string().min(1),
    secretAccessKey: z.string().min(1),
    sessionToken: z.string().min(1).optional(),
  }),
  twin: z.object({ awsEndpoint: z.url(), deployment: z.string().min(1) }),
});

const environment = z.object({ DRAWBRIDGE_CONNECTION: z.string().optional() });

const envName = /^[a-z0-9][a-z0-9-]{0,31}$/;

export const twinNotRunning = (detail: string, cause?: unknown): CliError =>
  new CliError(
    'TWIN_NOT_RUNNING',
    `the twin is not running (${detail}): start it with \`npm start\`, or choose a deployment with --env`,
    { cause },
  );

const ancestors = (directory: string): readonly string[] => {
  const parent = path.dirname(directory);
  return parent === directory ? [directory] : [directory, ...ancestors(parent)];
};

const exists = async (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

const findConnectionFile = async ({ cwd, packageRoot, env }: Surroundings): Promise<string> => {
  const { DRAWBRIDGE_CONNECTION: given = '' } = environment.parse(env);
  if (given !== '') return path.resolve(cwd, given);
  for (const directory of [...ancestors(cwd), packageRoot]) {
    const file = path.join(directory, connectionFile);
    if (await exists(file)) return file;
  }
  throw twinNotRunning(`there is no ${connectionFile}`);
};

const readJson = async (file: string): Promise<unknown> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw twinNotRunning(`${file} cannot be read`, error);
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const twinTarget = async (surroundings: Surroundings): Promise<Target> => {
  const file = await findConnectionFile(surroundings);
  const parsed = connection.safeParse(await readJson(file));
  if (!parsed.success) {
    const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole file');
    throw twinNotRunning(`${file} is not from this version: check ${fields.join(', ')}`);
  }
  const { url, adminAws, twin } = parsed.data;
  const { accessKeyId, secretAccessKey, sessionToken } = adminAws;
  return {
    kind: 'twin',
    env: twinEnv,
    parameter: twin.deployment,
    endpoint: twin.awsEndpoint,
    hosts: [new URL(url).host],
    region: adminAws.region,
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  };
};

const demo = z.object({ apiKey: z.string().min(1) });

/** The demo tenant's key, where the twin is meant and has made one. */
export const demoKeyOf = async (
  { env = twinEnv }: TargetOptions,
  surroundings: Surroundings,
): Promise<string | undefined> =>
  env === twinEnv
    ? demo.safeParse(await readJson(await findConnectionFile(surroundings))).data?.apiKey
    : undefined;

/** @throws CliError USAGE, or TWIN_NOT_RUNNING when the twin is meant and has left no connection file. */
export const resolveTarget = async (
  { env = twinEnv, region, profile }: TargetOptions,
  surroundings: Surroundings,
): Promise<Target> => {
  if (!envName.test(env)) {
    throw new CliError('USAGE', `"${env}" is not the name of a deployment: it is like dev or prod`);
  }
  if (env !== twinEnv) {
    return {
      kind: 'aws',
      env,
      parameter: deploymentParameterName(env),
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
    };
  }
  if (region !== undefined || profile !== undefined) {
    throw new CliError('USAGE', '--region and --profile go with a deployment: give --env too');
  }
  return twinTarget(surroundings);
};
