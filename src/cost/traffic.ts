/** What is assumed of the requests, and of how an environment is used. Bytes and KB are binary: 1 KB is 1,024 bytes. */
export interface Traffic {
  readonly requestKb: number;
  readonly responseKb: number;
  readonly toolCallShare: number;
  readonly upstreamShare: number;
  readonly sandboxShare: number;
  readonly ownMs: number;
  readonly upstreamMs: number;
  readonly authorizerMs: number;
  readonly authorizerHitRate: number;
  readonly auditBytes: number;
  readonly metricBytes: number;
  readonly accessLogBytes: number;
  readonly wafLogShare: number;
  readonly wafLogBytes: number;
  readonly logCompression: number;
  readonly usageItemKb: number;
  readonly tableGb: number;
  readonly archiveMonths: number;
  readonly warmContainers: number;
  readonly usedMethods: number;
  readonly refusalReasons: number;
  readonly users: number;
}

export type AssumptionName = keyof Traffic;

export interface Assumption {
  readonly meaning: string;
  readonly unit: 'KB' | 'bytes' | 'ms' | 'share' | 'GB' | 'months' | 'number';
}

/** Every assumption, in the order in which it is shown. The CLI has an option for each. */
export const assumptions: Readonly<Record<AssumptionName, Assumption>> = {
  requestKb: { meaning: 'a request, headers included', unit: 'KB' },
  responseKb: { meaning: 'an answer', unit: 'KB' },
  toolCallShare: { meaning: 'requests that are tools/call', unit: 'share' },
  upstreamShare: { meaning: 'calls that go to an upstream', unit: 'share' },
  sandboxShare: {
    meaning: 'of those, calls to stdio servers, where the environment has any',
    unit: 'share',
  },
  ownMs: { meaning: 'the MCP function’s own time for a request', unit: 'ms' },
  upstreamMs: { meaning: 'its wait for an upstream', unit: 'ms' },
  authorizerMs: { meaning: 'time of the authorizer function', unit: 'ms' },
  authorizerHitRate: {
    meaning: 'requests that API Gateway’s cache authorizes; 0 where the cache is off',
    unit: 'share',
  },
  auditBytes: { meaning: 'audit and log lines of a request', unit: 'bytes' },
  metricBytes: { meaning: 'metric lines of a request, where there are metrics', unit: 'bytes' },
  accessLogBytes: { meaning: 'access log of a request', unit: 'bytes' },
  wafLogShare: {
    meaning: 'requests that WAF logs; all where it has a log and no filter',
    unit: 'share',
  },
  wafLogBytes: { meaning: 'a line of the WAF log', unit: 'bytes' },
  logCompression: { meaning: 'size of stored logs, compressed', unit: 'share' },
  usageItemKb: { meaning: 'a tenant’s item of counted units', unit: 'KB' },
  tableGb: { meaning: 'data in each table', unit: 'GB' },
  archiveMonths: { meaning: 'how long an archive is kept', unit: 'months' },
  warmContainers: {
    meaning: 'containers of a function that are warm, around the clock',
    unit: 'number',
  },
  usedMethods: { meaning: 'methods of the API that get requests', unit: 'number' },
  refusalReasons: { meaning: 'reasons for which requests are refused', unit: 'number' },
  users: { meaning: 'people who sign in during a month', unit: 'number' },
};

const typical: Traffic = {
  requestKb: 3,
  responseKb: 6,
  toolCallShare: 0.8,
  upstreamShare: 0.5,
  sandboxShare: 0.5,
  ownMs: 40,
  upstreamMs: 200,
  authorizerMs: 20,
  authorizerHitRate: 0.9,
  auditBytes: 1_200,
  metricBytes: 600,
  accessLogBytes: 800,
  wafLogShare: 0.01,
  wafLogBytes: 2_000,
  logCompression: 0.2,
  usageItemKb: 1,
  tableGb: 0.1,
  archiveMonths: 12,
  warmContainers: 2,
  usedMethods: 4,
  refusalReasons: 4,
  users: 0,
};

/** `small`: few callers of own tools. `heavy`: agents that wait for slow upstreams and read long answers. */
export const trafficProfiles = {
  small: {
    ...typical,
    requestKb: 2,
    responseKb: 3,
    upstreamShare: 0,
    authorizerHitRate: 0.5,
    tableGb: 0.01,
    warmContainers: 1,
    usedMethods: 2,
    refusalReasons: 2,
  },
  typical,
  heavy: {
    ...typical,
    requestKb: 12,
    responseKb: 40,
    toolCallShare: 0.95,
    upstreamShare: 0.9,
    upstreamMs: 1_000,
    authorizerHitRate: 0.95,
    wafLogShare: 0.02,
    usageItemKb: 2,
    tableGb: 1,
    warmContainers: 20,
    usedMethods: 6,
    refusalReasons: 8,
  },
} as const satisfies Readonly<Record<string, Traffic>>;

export type TrafficProfileName = keyof typeof trafficProfiles;

export const trafficProfileNames = Object.keys(trafficProfiles) as readonly TrafficProfileName[];

export const isTrafficProfile = (name: string): name is TrafficProfileName =>
  Object.hasOwn(trafficProfiles, name);
