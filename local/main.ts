import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import * as z from 'zod';
import { writeConnection, type Connection } from './connection.ts';
import { ensureDemoTenant, setSecret } from './demo-tenant.ts';
import { ItemsApi, itemsApiSecret } from './items-api.ts';
import { LiveTwin } from './live-twin.ts';
import { readOptions } from './options.ts';
import { oneAtATime, reload } from './reload.ts';
import { stopOnSignals } from './stop-on-signals.ts';
import { synthesize } from './synthesize.ts';
import { fail, say } from './terminal.ts';
import type { Twin } from './twin.ts';
import { watchUpstreams } from './watch-config.ts';
import { welcome } from './welcome.ts';

const env = 'local';
const projectDirectory = dirname(import.meta.dirname);

/** The same line a second time tells nothing new. */
const sayOnce = <T>(lineOf: (item: T) => string): ((item: T) => void) => {
  const said = new Set<string>();
  return (item) => {
    const line = lineOf(item);
    if (!said.has(line)) say(line);
    said.add(line);
  };
};

const lastConnection = z.object({
  url: z.string(),
  apiKey: z.string().optional(),
  keyId: z.string().optional(),
  twin: z.object({ pid: z.number() }),
});

const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch {
    return false;
  }
};

/** What the twin of the last start left behind, when it can be read. */
const readLastConnection = (connectionFile: string) => {
  if (!existsSync(connectionFile)) return undefined;
  try {
    return lastConnection.safeParse(JSON.parse(readFileSync(connectionFile, 'utf8'))).data;
  } catch {
    return undefined;
  }
};

const planNames = z.record(z.string(), z.object({ rateLimit: z.number() }));

/** The plan with the highest rate: the demo tenant should not be in a newcomer's way. */
const widestPlan = (): string => {
  const file = join(projectDirectory, 'config', `${env}.json`);
  const { plans } = z.object({ plans: planNames }).parse(JSON.parse(readFileSync(file, 'utf8')));
  const [widest] = Object.entries(plans).toSorted(([, a], [, b]) => b.rateLimit - a.rateLimit);
  if (widest === undefined) throw new Error(`${file} has no plans`);
  return widest[0];
};

const explainStart = (error: unknown, wanted: number): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE'
    ? `Port ${wanted} is in use. Stop what listens there, or choose another: npm start -- --port ${wanted + 1}`
    : message;
};

const signInOf = ({ url, pool }: Twin): Partial<Connection> => {
  if (pool === undefined) return {};
  const machine = pool.clients.find(({ clientSecret }) => clientSecret !== undefined);
  const shared = pool.clients.find(({ clientSecret }) => clientSecret === undefined);
  return {
    issuer: url,
    tokenUrl: `${url}/oauth/token`,
    demoUser: pool.demoUser,
    ...(shared === undefined ? {} : { oauthPublicClientId: shared.clientId }),
    ...(machine?.clientSecret === undefined
      ? {}
      : {
          oauthClient: {
            clientId: machine.clientId,
            clientSecret: machine.clientSecret,
            scope: 'drawbridge/mcp',
          },
        }),
  };
};

const hasAdminApi = ({ deployment }: Twin): boolean =>
  deployment
    .ofType('AWS::ApiGateway::Resource')
    .some(({ properties }) => properties['PathPart'] === 'admin');

const connectionOf = (twin: Twin): Connection => ({
  url: twin.url,
  mcpUrl: `${twin.url}/mcp`,
  ...(hasAdminApi(twin) ? { adminUrl: `${twin.url}/admin` } : {}),
  adminAws: twin.operator,
  ...signInOf(twin),
  ...(twin.ciRole === undefined ? {} : { ciUrl: `${twin.url}/ci/mcp`, aws: twin.ciRole }),
  twin: {
    pid: process.pid,
    awsEndpoint: twin.aws.url,
    deployment: `/drawbridge/${env}/deployment`,
  },
});

const main = async (): Promise<void> => {
  const options = readOptions(projectDirectory);
  const { stateDirectory } = options;
  const connectionFile = join(stateDirectory, 'connection.json');
  const last = readLastConnection(connectionFile);
  if (last !== undefined && isRunning(last.twin.pid)) {
    fail(`A twin runs already, at ${last.url} (process ${last.twin.pid}). Stop it first.`);
  }
  if (options.reset) rmSync(stateDirectory, { recursive: true, force: true });

  const known = options.reset ? undefined : last;
  const items = await ItemsApi.plan(projectDirectory, stateDirectory, itemsPort(options.port));
  const stopping = new AbortController();
  const closing: (() => void | Promise<void>)[] = [() => stopping.abort()];
  stopOnSignals(closing);
  const synth = {
    projectDirectory,
    env,
    environment: items?.environment ?? {},
    signal: stopping.signal,
  };
  say('Drawbridge: synthesizing what cdk deploy would deploy …');
  const { directory, fresh } = await synthesize(synth);
  if (!fresh) say('(unchanged since the last start)');

  const live = await LiveTwin.start({
    cdkOut: directory,
    stateDirectory,
    port: options.port,
    onRefusal: sayOnce(
      ({ principal, action, resource }) =>
        `refused  ${principal.displayName} may not ${action} on ${resource}: its role's policy in the template does not allow it`,
    ),
    onProblem: (line) => say(`problem  ${line}`),
  }).catch((error: unknown) => fail(explainStart(error, options.port)));
  closing.push(() => live.close());

  const connection = connectionOf(live.twin);
  writeConnection(connectionFile, connection);
  if (items !== undefined) {
    const running = await items.start();
    closing.push(() => running.close());
    await setSecret({ projectDirectory, connectionFile }, itemsApiSecret, running.apiKey);
  }
  const demo = await ensureDemoTenant({
    projectDirectory,
    connectionFile,
    plan: widestPlan(),
    known:
      known?.apiKey === undefined || known.keyId === undefined
        ? undefined
        : { apiKey: known.apiKey, keyId: known.keyId },
    ciRoleArn: live.twin.ciRole?.roleArn,
  });
  const { tenant, apiKey, keyId } = demo;
  const demoKey = { tenant, apiKey, keyId };
  writeConnection(connectionFile, { ...connection, ...demoKey });
  closing.push(
    watchUpstreams(
      projectDirectory,
      oneAtATime(async () => {
        if (!(await reload(live, synth))) return;
        writeConnection(connectionFile, { ...connectionOf(live.twin), ...demoKey });
        say('reloaded config/mcp.json: what it says now is served');
      }),
    ),
  );
  process.stdout.write(
    welcome({
      mcpUrl: connection.mcpUrl,
      demo,
      notEvaluated: live.twin.notEvaluated,
      servers: serversOf(live.twin),
      stateDirectory: relative(process.cwd(), stateDirectory),
    }),
  );
};

const deployed = z.object({
  upstreams: z.array(z.object({ name: z.string(), kind: z.string() })).default([]),
});

/** The upstream servers that the deployment says it has, to operators. */
const serversOf = ({ deployment }: Twin): readonly string[] =>
  deployment
    .ofType('AWS::SSM::Parameter')
    .filter(({ properties }) => properties['Name'] === `/drawbridge/${env}/deployment`)
    .flatMap(({ properties }) => deployed.parse(JSON.parse(String(properties['Value']))).upstreams)
    .map(({ name, kind }) => `${name} (${kind})`);

/** Beside the twin's own, so that several twins do not meet. */
const itemsPort = (port: number): number => (port === 0 || port === 65_535 ? 0 : port + 1);

main().catch((error: unknown) => fail((error as Error).message));
