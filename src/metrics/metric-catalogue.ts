export type MetricUnit = 'Count' | 'Milliseconds' | 'Percent';

/** Beside `env`, which every metric has. Never a tenant, a key or a tool: each value is a metric that is paid for. */
export type DimensionName = 'server' | 'reason' | 'function';

export interface MetricFacts {
  readonly unit: MetricUnit;
  /** What it is counted by, each of them by itself; `all` is by nothing but the environment. */
  readonly by: readonly ('all' | DimensionName)[];
}

/** Every metric that the functions emit (content/monitoring.md). Alarms and the dashboard name no others. */
export const metricCatalogue = {
  /** MCP messages, refused ones too. */
  Calls: { unit: 'Count', by: ['all'] },
  /** Of them: answered with an error by the tool, by its server or by us. */
  CallErrors: { unit: 'Count', by: ['all', 'server'] },
  /** Of them: not let through. */
  Refusals: { unit: 'Count', by: ['reason'] },
  /** From the message to the end of its answer. Its count is that of calls of the server. */
  Latency: { unit: 'Milliseconds', by: ['server'] },
  /** How much of it the upstream took. */
  UpstreamLatency: { unit: 'Milliseconds', by: ['server'] },
  /** 1 when an upstream could not be asked and 0 when it could: the mean is its state, the sum counts failures. */
  UpstreamDown: { unit: 'Count', by: ['all', 'server'] },
  /** Of the limit that is used up the furthest, after a charge. */
  QuotaUse: { unit: 'Percent', by: ['all'] },
  /** Charges after which that is 80 % or more, and those that were refused for it. */
  QuotaNearLimit: { unit: 'Count', by: ['all'] },
  /** Tools that a server changed since they were approved. */
  PinDrift: { unit: 'Count', by: ['all', 'server'] },
  /** Audit records that have no code, or could not be written. */
  AuditGaps: { unit: 'Count', by: ['all'] },
  ColdStarts: { unit: 'Count', by: ['function'] },
  /** Requests of which the authorizer could not say whether they may. */
  AuthorizerFailures: { unit: 'Count', by: ['all'] },
  AuthorizerRefusals: { unit: 'Count', by: ['reason'] },
} as const satisfies Readonly<Record<string, MetricFacts>>;

export type MetricName = keyof typeof metricCatalogue;

export const metricNamespace = 'Drawbridge';

/** From which the fullest limit counts as nearly used up. */
export const nearLimitPercent = 80;
