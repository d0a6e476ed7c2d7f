import { awsEnv, createAwsCall } from '../../src/aws/aws-client.ts';
import { secretReader } from '../../src/credentials/secrets-manager-secret.ts';
import { createGuardedFetch } from '../../src/fetch-guard/guarded-fetch.ts';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { Authorization } from '../../src/oauth/authorization.ts';
import { ClientDocuments } from '../../src/oauth/client-metadata-document.ts';
import { Clients } from '../../src/oauth/clients.ts';
import { facadeConfigOf, facadeEnv } from '../../src/oauth/facade-env.ts';
import { createAskPool } from '../../src/oauth/pool-client.ts';
import { Sealer } from '../../src/sealing/sealer.ts';
import { TokenEndpoint } from '../../src/oauth/token.ts';
import { createHandler } from './handler.ts';

const env = facadeEnv.parse(process.env);
const config = facadeConfigOf(env);
const loopbackOrigins = env.OAUTH_LOOPBACK_ORIGINS;

const sealer = new Sealer(
  secretReader(
    createAwsCall(awsEnv.parse(process.env), 'secretsmanager'),
    env.OAUTH_SEALING_SECRET_ARN,
  ),
  Date.now,
);
const clients = new Clients({
  config,
  documents: new ClientDocuments(
    createGuardedFetch({ timeoutMs: 3_000, maxResponseBytes: 16 * 1024, loopbackOrigins }),
    Date.now,
  ),
  loopbackOrigins,
});

export const handler = createHandler({
  config,
  authorization: new Authorization({ config, clients, sealer }),
  token: new TokenEndpoint({ config, clients, sealer, askPool: createAskPool(env.OAUTH_POOL_URL) }),
  log: createLog(toStandardOutput),
});
