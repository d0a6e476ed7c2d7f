import { CloudWatchLogReader } from '../../src/audit/cloudwatch-logs.ts';
import { InMemoryLogs } from '../../src/audit/in-memory-logs.ts';
import { InsightsQueries } from '../../src/audit/insights.ts';
import { groupName, startLogs } from '../unit/local/aws-logs-fixture.ts';
import { auditLogContract } from './audit-logs.contract.ts';

auditLogContract('in memory', async () => {
  const logs = new InMemoryLogs();
  return {
    reader: logs,
    queries: logs,
    write: (line) => void logs.lines.push(line),
    [Symbol.asyncDispose]: async () => undefined,
  };
});

auditLogContract('CloudWatch Logs, at the twin', async () => {
  const twin = await startLogs(() => Date.UTC(2026, 10, 22));
  const options = { client: async () => twin.role, logGroup: groupName };
  return {
    reader: new CloudWatchLogReader({ ...options, pageSize: 100 }),
    queries: new InsightsQueries(options),
    write: ({ ts, stream, line }) => twin.store.write(groupName, line, { ts, stream }),
    [Symbol.asyncDispose]: () => twin[Symbol.asyncDispose](),
  };
});
