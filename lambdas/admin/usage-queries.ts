import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { AdminError } from '../../src/admin/admin-error.ts';
import type { AwsClientConfig } from '../../src/admin/aws-ports.ts';
import type { DeploymentDocument } from '../../src/admin/deployment-document.ts';
import type { UsageQueries } from '../../src/admin/ports.ts';
import { InsightsQueries } from '../../src/audit/insights.ts';
import { LogUsageQueries } from '../../src/audit/usage-queries.ts';

/** A file of its own, loaded by the first request that asks the audit log: it brings the client of CloudWatch Logs. */
export const openUsageQueries = (
  config: AwsClientConfig,
  { logs }: DeploymentDocument,
): UsageQueries => {
  if (logs === undefined) {
    throw new AdminError('DEPLOYMENT_INVALID', 'the deployment does not say where its logs are');
  }
  const client = new CloudWatchLogsClient(config);
  return new LogUsageQueries(
    new InsightsQueries({ client: async () => client, logGroup: logs.mcp }),
  );
};
