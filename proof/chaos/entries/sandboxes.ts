import { until, type ChaosRig } from '../chaos-rig.ts';
import type { Ended } from '../client-call.ts';
import { Tally, type ChaosEntry } from '../entry.ts';
import { commandLineOf, functionIn, kill, processesBelow } from '../processes.ts';

const recoveryMs = 45_000;

const busy = (rig: ChaosRig, part: RegExp): boolean =>
  Object.entries(rig.twin.lambda.stats()).some(
    ([name, { sandboxes, idle }]) => part.test(name) && sandboxes > idle,
  );

const long = (rig: ChaosRig): Promise<Ended> =>
  rig.call(
    rig.lanes.key,
    'everything_trigger-long-running-operation',
    { duration: 6, steps: 2 },
    'completed',
  );

const echo = (rig: ChaosRig): Promise<Ended> =>
  rig.call(rig.lanes.key, 'everything_echo', { message: 'back' }, 'back');

/** Kills what a call of the stdio server runs in. */
const stdio = (
  id: string,
  fault: string,
  isVictim: (pid: number) => boolean,
): ChaosEntry<ChaosRig> => ({
  id,
  fault,
  promise: 'the call fails at once with a text that names the server, and the next one works',
  run: async (rig) => {
    const tally = new Tally();
    await new Tally().recover('everything before', () => echo(rig), recoveryMs);
    const underWay = long(rig);
    await until(() => busy(rig, /everything/i), 'the call to reach the sandbox');
    // The function has the call; the server has it a moment later, and tells nobody.
    await new Promise((resolve) => setTimeout(resolve, 300));
    const victims = processesBelow(process.pid).filter(isVictim);
    if (victims.length === 0) tally.problem('there was nothing to kill');
    for (const pid of victims) kill(pid);
    const ended = await underWay;
    tally.take('the call', ended, 'clear error');
    if (!ended.what.includes('everything')) tally.problem(`it is not named: ${ended.what}`);
    await tally.recover('everything', () => echo(rig), recoveryMs);
    return tally.observed();
  },
});

const mcpFunction: ChaosEntry<ChaosRig> = {
  id: 'kill-mcp',
  fault: 'the mcp function, SIGKILL mid-call',
  promise: 'the call fails at once with a body that has a code, and the next one works',
  run: async (rig) => {
    const tally = new Tally();
    const { calls } = rig.fixtures.modern.tools;
    await new Tally().recover('before', () => rig.search(rig.lanes.key), recoveryMs);
    const before = calls['wait'] ?? 0;
    const underWay = rig.call(rig.lanes.key, 'modern_wait', {}, 'cancelled');
    await until(() => (calls['wait'] ?? 0) > before, 'the call to reach its upstream');
    await rig.killFunctions('McpFunction');
    tally.take('the call', await underWay, 'clear error');
    await tally.recover('search', () => rig.search(rig.lanes.key), recoveryMs);
    return tally.observed();
  },
};

const authorizer: ChaosEntry<ChaosRig> = {
  id: 'kill-authorizer',
  fault: 'the authorizer, SIGKILL while it waits for a JWKS',
  promise: 'nobody is let in: a 5xx with a code; the next token is served',
  run: async (rig) => {
    const tally = new Tally();
    const proxy = rig.proxies.jwks;
    await rig.killFunctions('AuthorizerFunction');
    await proxy.break('hanging');
    const underWay = rig.search(rig.lanes.token);
    await until(() => proxy.hits() > 0, 'the authorizer to ask for keys');
    await rig.killFunctions('AuthorizerFunction');
    tally.take('the call', await underWay, 'clear error');
    await proxy.mend();
    await tally.recover('a token', () => rig.search(rig.lanes.token), recoveryMs);
    return tally.observed();
  },
};

/** The twin's stand-in for DynamoDB, which it starts again. */
const database: ChaosEntry<ChaosRig> = {
  id: 'kill-dynamodb',
  fault: 'the DynamoDB process, SIGKILL under load',
  promise: 'each call has its result or a 503; what was written is there when it is back',
  run: async (rig, form) => {
    const tally = new Tally();
    const lanes = Object.values(rig.lanes);
    const pids = (): readonly number[] =>
      processesBelow(process.pid).filter((pid) => commandLineOf(pid).includes('dynalite-server'));
    for (let round = form === 'short' ? 1 : 5; round > 0; round -= 1) {
      await new Tally().recover('before', () => rig.search(rig.lanes.key), recoveryMs);
      let killed = false;
      const load = lanes.map(async (lane) => {
        // At least one call of each lane meets the outage.
        for (let after = 2; after > 0; after -= killed ? 1 : 0) {
          tally.take('under load', await rig.search(lane));
        }
      });
      for (const pid of pids()) kill(pid);
      killed = true;
      await Promise.all(load);
      for (const lane of lanes) await tally.recover('a lane', () => rig.search(lane), recoveryMs);
    }
    return tally.observed();
  },
};

export const sandboxEntries: readonly ChaosEntry<ChaosRig>[] = [
  stdio('kill-server', 'a stdio server, SIGKILL mid-call', (pid) =>
    commandLineOf(pid).includes('server-everything'),
  ),
  stdio('kill-sandbox', 'the sandbox of a stdio server, SIGKILL mid-call', (pid) => {
    const name = functionIn(pid);
    return (
      name !== undefined &&
      /everything/i.test(name) &&
      !commandLineOf(pid).includes('server-everything')
    );
  }),
  mcpFunction,
  authorizer,
  database,
];
