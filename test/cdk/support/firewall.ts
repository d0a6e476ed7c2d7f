import { rmSync } from 'node:fs';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { loadDeployment } from '../../../local/template/load-deployment.ts';
import type { Deployment } from '../../../local/template/deployment.ts';
import type { WafRequest } from '../../../local/waf/waf-request.ts';
import {
  loadWebAcl,
  type LoadOptions,
  type WebAcl as RunningWebAcl,
} from '../../../local/waf/web-acl.ts';
import type { EdgeMark } from '../../../lib/constructs/edge-distribution.ts';
import { WebAcl } from '../../../lib/constructs/web-acl.ts';
import { wafConfig } from '../../../lib/waf-config.ts';
import { anApp } from './synth.ts';

export interface Rule {
  readonly Name: string;
  readonly Priority: number;
  readonly Action?: unknown;
  readonly OverrideAction?: unknown;
  readonly Statement: Readonly<Record<string, unknown>>;
  readonly VisibilityConfig: Readonly<Record<string, unknown>>;
}

export interface WebAclProperties {
  readonly Scope: string;
  readonly DefaultAction: unknown;
  readonly Rules: readonly Rule[];
  readonly CustomResponseBodies: Readonly<Record<string, { Content: string; ContentType: string }>>;
  readonly VisibilityConfig: Readonly<Record<string, unknown>>;
  readonly AssociationConfig?: unknown;
  readonly DataProtectionConfig?: unknown;
}

const stageArn = 'arn:aws:apigateway:us-east-1::/restapis/api1/stages/live';
const account = { accountId: '000000000000', region: 'us-east-1' };

export type RunOptions = Partial<Pick<LoadOptions, 'log' | 'clock' | 'managedLabels'>> & {
  /** Only the rules of these names. @default all */
  readonly only?: readonly string[];
};

/** The firewall by itself, as it was synthesized. */
export interface Firewall {
  /** As the template has them, after the twin has resolved references. */
  readonly properties: WebAclProperties;
  readonly deployment: Deployment;
  /** The twin's evaluator of these rules. */
  run(options?: RunOptions): RunningWebAcl;
}

/**
 * Synthesizes the firewall alone: no function is bundled for it.
 * @param settings - of `waf`; what is left out is as in a configuration that says nothing.
 */
export const firewallOf = (settings: object = {}, edgeMark?: EdgeMark): Firewall => {
  const app = anApp();
  try {
    const stack = new Stack(app, 'Firewalled');
    new WebAcl(stack, 'Firewall', {
      envName: 'test',
      waf: wafConfig.parse({ requestsPerIp: 2000, ...settings }),
      stageArn,
      edgeMark,
      logRetentionDays: 30,
      logRemovalPolicy: RemovalPolicy.DESTROY,
    });
    app.synth();
    const deployment = loadDeployment(app.outdir, account);
    const [acl] = deployment.ofType('AWS::WAFv2::WebACL');
    if (acl === undefined) throw new Error('no web ACL');
    const properties = acl.properties as unknown as WebAclProperties;
    return {
      properties,
      deployment,
      run: ({ only, log = () => undefined, ...options } = {}) => {
        const Rules = properties.Rules.filter(({ Name }) => only?.includes(Name) ?? true);
        const running = { ...acl, properties: { ...acl.properties, Rules } };
        const loaded = loadWebAcl({
          deployment: {
            ...deployment,
            ofType: (type) => (type === acl.type ? [running] : deployment.ofType(type)),
          },
          stageArn,
          log,
          ...options,
        });
        if (loaded === undefined) throw new Error('the web ACL stands before no stage');
        return loaded;
      },
    };
  } finally {
    rmSync(app.outdir, { recursive: true, force: true });
  }
};

/** A request as a client of MCP makes it. */
export const requestOf = (given: {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string;
  readonly from?: string;
  /** Null takes one out that a client usually sends. */
  readonly headers?: Readonly<Record<string, string | null>>;
  readonly body?: string | Buffer;
  /** Sent in chunks, so that nothing says how long it is. @default false */
  readonly isChunked?: boolean;
  readonly inspectedBytes?: number;
}): WafRequest => {
  const body = Buffer.from(given.body ?? '');
  const inspectedBytes = given.inspectedBytes ?? 16_384;
  const headers = {
    host: 'api.example.com',
    'user-agent': 'test/1',
    ...(given.isChunked === true
      ? { 'transfer-encoding': 'chunked' }
      : { 'content-length': String(body.length) }),
    ...given.headers,
  };
  return {
    requestId: 'request-1',
    httpVersion: 'HTTP/1.1',
    sourceIp: given.from ?? '198.51.100.7',
    method: given.method ?? 'POST',
    uriPath: given.path ?? '/mcp',
    queryString: given.query ?? '',
    rawHeaders: Object.entries(headers).flatMap(([name, value]) =>
      value === null ? [] : [name, value],
    ),
    body: body.subarray(0, inspectedBytes),
    bodyIsCut: body.length > inspectedBytes,
  };
};
