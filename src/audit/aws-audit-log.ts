import type {
  CloudWatchLogsClient,
  CloudWatchLogsClientConfig,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { AdminError } from '../admin/admin-error.ts';
import type { DeploymentDocument } from '../admin/deployment-document.ts';
import { reporting } from '../admin/upstream-failure.ts';
import type { AuditLog } from './audit-log.ts';
import { chainKeyOf } from './audit-key.ts';
import { CloudWatchLogReader } from './cloudwatch-logs.ts';
import { InsightsQueries } from './insights.ts';
import type { LogQueries } from './log-queries.ts';
import { mergedReader, type LogReader } from './log-reader.ts';

export interface AwsAuditOptions {
  readonly config: Pick<
    CloudWatchLogsClientConfig,
    'region' | 'credentials' | 'endpoint' | 'maxAttempts' | 'requestHandler'
  >;
  readonly document: DeploymentDocument;
  readonly secretsManager: SecretsManagerClient;
}

const tooOld = (what: string): AdminError =>
  new AdminError(
    'DEPLOYMENT_INVALID',
    `the deployment does not say ${what}: deploy this version of Drawbridge`,
  );

/** A reader whose failures say what could not be read. */
const reportingReader = (what: string, reader: () => LogReader): LogReader => ({
  read: async function* (range) {
    const lines = reader().read(range)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await reporting(what, () => lines.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await lines.return?.();
    }
  },
});

/** Current and previous value of the secret: containers keep what they began with. */
const readKeys = async ({ document, secretsManager }: AwsAuditOptions) => {
  const { auditDigestSecretArn: SecretId } = document;
  if (SecretId === undefined) throw tooOld('which secret its audit is made with');
  const read = (VersionStage: string) =>
    secretsManager.send(new GetSecretValueCommand({ SecretId, VersionStage }));
  const current = await reporting(`read the audit secret ${SecretId}`, () => read('AWSCURRENT'));
  const previous = await read('AWSPREVIOUS').catch((error: unknown) => {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  });
  return [current, previous].flatMap((secret) =>
    secret?.SecretString === undefined ? [] : [chainKeyOf(secret.SecretString)],
  );
};

/** The audit of a deployment in AWS. Its client is loaded by the first who reads. */
export const awsAuditLog = (
  options: AwsAuditOptions,
): AuditLog & { readonly queries: LogQueries } => {
  const { config, document } = options;
  let loaded: Promise<CloudWatchLogsClient> | undefined;
  const client = (): Promise<CloudWatchLogsClient> =>
    (loaded ??= import('@aws-sdk/client-cloudwatch-logs').then(
      ({ CloudWatchLogsClient: Client }) => new Client(config),
    ));
  const logs = (): NonNullable<DeploymentDocument['logs']> => {
    if (document.logs === undefined) throw tooOld('where its logs are');
    return document.logs;
  };
  const readerOf = (logGroup: string) => new CloudWatchLogReader({ client, logGroup });
  return {
    records: reportingReader('read the audit log', () => {
      const { mcp, admin } = logs();
      return mergedReader([mcp, ...(admin === undefined ? [] : [admin])].map(readerOf));
    }),
    access: reportingReader('read the access log', () => readerOf(logs().access)),
    keys: () => readKeys(options),
    queries: {
      run: (query, range) =>
        new InsightsQueries({ client, logGroup: logs().mcp }).run(query, range),
    },
  };
};
