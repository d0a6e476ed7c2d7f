import { CfnQueryDefinition } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { logGroupsOf, type WatchedParts } from './watched-parts.ts';

/** Where a query looks: names of functions, and `access` for the access log. */
type Source = 'mcp' | 'authorizer' | 'admin' | 'oauth' | 'access';

interface SavedQuery {
  readonly name: string;
  readonly of: readonly Source[];
  readonly lines: readonly string[];
}

const audit = 'filter type = "audit"';

/** What operators ask most (content/monitoring.md). The language is that of CloudWatch Logs Insights. */
export const savedQueries: readonly SavedQuery[] = [
  {
    name: 'tenants/units',
    of: ['mcp'],
    lines: [
      audit,
      'stats sum(units) as used, count(*) as messages, sum(ms) as msOfAll by tenant',
      'sort used desc',
      'limit 50',
    ],
  },
  {
    name: 'tenants/near-limit',
    of: ['mcp'],
    lines: [
      `${audit} and quotaPercent >= 80`,
      'stats max(quotaPercent) as percent, count(*) as calls by tenant, subject',
      'sort percent desc',
      'limit 50',
    ],
  },
  {
    name: 'tenants/over-limit',
    of: ['mcp'],
    lines: [
      `${audit} and policyId like "quota:"`,
      'stats count(*) as refused by tenant, subject, policyId',
      'sort refused desc',
      'limit 50',
    ],
  },
  {
    name: 'tenants/throttled',
    of: ['access'],
    lines: [
      'filter refusal in ["THROTTLED", "QUOTA_EXCEEDED"]',
      'stats count(*) as refused by tenant, plan, route',
      'sort refused desc',
      'limit 50',
    ],
  },
  {
    name: 'authorizer/refused',
    of: ['authorizer', 'mcp', 'admin'],
    lines: [
      'filter event = "auth.refused"',
      'stats count(*) as refused by reason, keyId, userArn',
      'sort refused desc',
      'limit 50',
    ],
  },
  {
    name: 'authorizer/refused-by-address',
    of: ['access'],
    lines: [
      'filter refusal = "UNAUTHORIZED"',
      'stats count(*) as refused by ip',
      'sort refused desc',
      'limit 50',
    ],
  },
  {
    name: 'authorizer/failures',
    of: ['authorizer'],
    lines: [
      'filter event = "auth.failed"',
      'fields @timestamp, requestId, error, errorCode, cause, causeCode, causeStatus',
      'sort @timestamp desc',
      'limit 100',
    ],
  },
  {
    name: 'tools/errors',
    of: ['mcp'],
    lines: [
      `${audit} and method = "tools/call" and outcome != "ok"`,
      'stats count(*) as failed by server, tool, outcome, rpcCode, upstreamFailure',
      'sort failed desc',
      'limit 50',
    ],
  },
  {
    name: 'tools/slow',
    of: ['mcp'],
    lines: [
      `${audit} and method = "tools/call"`,
      'stats count(*) as calls, pct(ms, 50) as p50, pct(ms, 95) as p95, max(ms) as longest by server, tool',
      'sort p95 desc',
      'limit 50',
    ],
  },
  {
    name: 'upstreams/failures',
    of: ['mcp'],
    lines: [
      `${audit} and ispresent(upstreamFailure)`,
      'stats count(*) as failed, max(@timestamp) as lastAt by server, upstreamFailure',
      'sort failed desc',
      'limit 50',
    ],
  },
  {
    name: 'upstreams/lists',
    of: ['mcp'],
    lines: [
      'filter event in ["upstream.list-failed", "pins.hidden", "upstream.left-out"]',
      'stats count(*) as times by event, server, failure, reason',
      'sort times desc',
      'limit 50',
    ],
  },
  {
    name: 'errors/server',
    of: ['access'],
    lines: [
      'filter status >= 500',
      'stats count(*) as failed by route, status, refusal, integrationStatus',
      'sort failed desc',
      'limit 50',
    ],
  },
  {
    name: 'errors/functions',
    of: ['authorizer', 'mcp', 'admin', 'oauth'],
    lines: [
      'filter level = "ERROR"',
      'fields @timestamp, event, code, error, errorCode, cause, causeCode, requestId',
      'sort @timestamp desc',
      'limit 100',
    ],
  },
  {
    name: 'requests/one',
    of: ['access', 'authorizer', 'mcp', 'admin'],
    lines: [
      '# Put the request id of an answer in place of this one.',
      'filter requestId = "00000000-0000-0000-0000-000000000000"',
      'sort @timestamp asc',
      'limit 100',
    ],
  },
];

/** `#` begins a line that only people read. */
const queryString = ({ lines }: SavedQuery): string => {
  const comments = lines.filter((line) => line.startsWith('#'));
  const commands = lines.filter((line) => !line.startsWith('#'));
  return [...comments, commands.join('\n| ')].join('\n');
};

export class SavedQueries extends Construct {
  constructor(scope: Construct, id: string, { parts }: { readonly parts: WatchedParts }) {
    super(scope, id);
    for (const query of savedQueries) {
      new CfnQueryDefinition(this, query.name.replaceAll('/', '-'), {
        name: `drawbridge/${parts.envName}/${query.name}`,
        queryString: queryString(query),
        logGroupNames: logGroupsOf(parts, query.of).map((group) => group.logGroupRef.logGroupName),
      });
    }
  }
}
