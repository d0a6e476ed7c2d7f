import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startTwin, type Twin } from '../../local/twin.ts';
import { fromParent, type ToParent } from './twin-messages.ts';

/** A twin in a process of its own, which ends with its parent. */

const [cdkOut = '', stateDirectory = ''] = process.argv.slice(2);
const tell = (message: ToParent): void => void process.send?.(message);

const collectGarbage = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

const readyOf = ({ url, aws, operator, ciRole, pool }: Twin): ToParent => {
  const clientId = pool?.clients.find(({ hasSecret }) => !hasSecret)?.clientId;
  if (ciRole === undefined || pool === undefined || clientId === undefined) {
    throw new Error('the template has no CI role, or no user pool with a public client');
  }
  const poolFacts = { issuer: pool.settings.issuer, clientId };
  return { kind: 'ready', url, awsUrl: aws.url, operator, ciRole, pool: poolFacts };
};

const twin = await startTwin({
  cdkOut,
  stateDirectory,
  port: 0,
  maxSandboxesPerFunction: 3,
  onProblem: (line) => tell({ kind: 'problem', line }),
});

process.on('message', (message) => {
  const asked = fromParent.parse(message);
  if (asked.kind === 'sign') {
    tell({ kind: 'token', id: asked.id, token: twin.pool?.signClaims(asked.claims) ?? '' });
  } else if (asked.kind === 'heap') {
    collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    tell({ kind: 'heap', id: asked.id, bytes: heapUsed + external });
  } else {
    void twin.close().then(() => process.exit(0));
  }
});
process.on('disconnect', () => void twin.close().then(() => process.exit(0)));
tell(readyOf(twin));
