import { rmSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadDeployment } from '../../local/template/load-deployment.ts';
import { addEnvironment } from '../../lib/environment-stacks.ts';
import { configSchema, type DrawbridgeConfig } from '../../lib/config.ts';
import { readable, routesOf } from './support/cloudformation.ts';
import {
  anApp,
  builtOnce,
  configOf,
  synthesize,
  synthesizedEnv,
  type SynthesizedStack,
} from './support/synth.ts';

const edgeConfig = (identity: object): DrawbridgeConfig =>
  configSchema.parse({
    ...configOf('dev'),
    cloudFront: { enabled: true },
    identity,
  });

const oidc = {
  provider: 'oidc',
  issuers: [
    {
      issuer: 'https://login.example.com',
      jwksUri: 'https://login.example.com/jwks.json',
      requiredScope: 'drawbridge/mcp',
      tenantClaim: 'tenant',
    },
  ],
};

let stack: SynthesizedStack;
let url: string;
let directUrl: string;
beforeAll(async () => {
  const { gateway } = await synthesize('dev', edgeConfig({ provider: 'cognito' }));
  stack = gateway;
  url = `https://{${stack.only('AWS::CloudFront::Distribution').id}.DomainName}`;
  const api = stack.only('AWS::ApiGateway::RestApi').id;
  directUrl = `https://{${api}}.execute-api.{AWS::Region}.amazonaws.com/live`;
});

interface Behavior {
  readonly [name: string]: unknown;
  readonly FunctionAssociations: readonly { EventType: string; FunctionARN: unknown }[];
}
interface DistributionConfig {
  readonly [name: string]: unknown;
  readonly Origins: readonly Record<string, unknown>[];
  readonly DefaultCacheBehavior: Behavior;
  readonly CustomErrorResponses: readonly Record<string, unknown>[];
}
const distribution = () =>
  stack.only('AWS::CloudFront::Distribution').Properties[
    'DistributionConfig'
  ] as DistributionConfig;

const outputsOf = ({ text }: SynthesizedStack): Record<string, string> => {
  const { Outputs } = JSON.parse(text) as { Outputs: Record<string, { Value: unknown }> };
  return Object.fromEntries(
    Object.entries(Outputs).map(([name, { Value }]) => [name, readable(Value)]),
  );
};

describe('a distribution before the API', () => {
  it('can be deployed: no resource waits for itself', () => {
    // Throws for a cycle.
    expect(() => Template.fromJSON(JSON.parse(stack.text) as object)).not.toThrow();
    expect(stack.only('AWS::CloudFront::Distribution')).not.toHaveProperty('DependsOn');
  });

  it('has the stage of the API as its origin, by TLS 1.2, and waits as long as a request may take', () => {
    const [origin, ...others] = distribution().Origins;
    expect(others).toEqual([]);
    expect(`https://${readable(origin?.['DomainName'])}${String(origin?.['OriginPath'])}`).toBe(
      directUrl,
    );
    expect(origin?.['CustomOriginConfig']).toEqual({
      OriginProtocolPolicy: 'https-only',
      OriginSSLProtocols: ['TLSv1.2'],
      OriginReadTimeout: 60,
    });
    expect(origin).not.toHaveProperty('ResponseCompletionTimeout');
  });

  it.each([
    [120, 120],
    [5, 30],
  ])('a request of %i seconds has CloudFront wait %i', async (timeoutSeconds, expected) => {
    const config = edgeConfig({ provider: 'none' });
    const { gateway } = await synthesize('dev', {
      ...config,
      mcp: { ...config.mcp, timeoutSeconds },
    });
    expect(gateway.text).toContain(`"OriginReadTimeout": ${expected}`);
  });

  it('caches nothing and passes on everything but the host', () => {
    const {
      FunctionAssociations: _,
      TargetOriginId: __,
      ...rest
    } = distribution().DefaultCacheBehavior;
    expect(rest).toEqual({
      AllowedMethods: ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'],
      // The ids of the managed policies CachingDisabled and AllViewerExceptHostHeader.
      CachePolicyId: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
      OriginRequestPolicyId: 'b689b0a8-53d0-40ab-baf2-68738e2966ac',
      Compress: false,
      ViewerProtocolPolicy: 'https-only',
    });
    expect(distribution()).not.toHaveProperty('CacheBehaviors');
  });

  it('keeps no error for the next caller', () => {
    expect(distribution().CustomErrorResponses).toEqual(
      [400, 403, 404, 405, 414, 500, 501, 502, 503, 504].map((ErrorCode) => ({
        ErrorCode,
        ErrorCachingMinTTL: 0,
      })),
    );
  });

  it('speaks HTTP/2 and 3, in the price class of the configuration, and writes no log', () => {
    expect(distribution()).toMatchObject({
      Enabled: true,
      HttpVersion: 'http2and3',
      IPV6Enabled: true,
      PriceClass: 'PriceClass_100',
    });
    expect(distribution()).not.toHaveProperty('Logging');
    expect(distribution()).not.toHaveProperty('ViewerCertificate');
    expect(distribution()).not.toHaveProperty('Aliases');
  });
});

describe('the address that clients know', () => {
  it('is the distribution’s, in the challenge, the function and the token’s resource', () => {
    for (const { Properties } of stack.ofType('AWS::ApiGateway::GatewayResponse')) {
      const headers = Properties['ResponseParameters'] as Record<string, unknown>;
      const challenge = headers['gatewayresponse.header.WWW-Authenticate'];
      if (challenge === undefined) continue;
      expect(readable(challenge)).toBe(
        `'Bearer resource_metadata="${url}/.well-known/oauth-protected-resource/mcp", scope="drawbridge/mcp"'`,
      );
    }
    const environment = Object.assign(
      {},
      ...stack
        .ofType('AWS::Lambda::Function')
        .map(({ Properties }) => (Properties['Environment'] as { Variables: object }).Variables),
    ) as Record<string, unknown>;
    expect(readable(environment['PUBLIC_URL'])).toBe(url);
    expect(readable(environment['TOKEN_ISSUERS'])).toContain(`"resource":"${url}/mcp"`);
    const callbacks = stack
      .ofType('AWS::Cognito::UserPoolClient')
      .flatMap(({ Properties }) => (Properties['CallbackURLs'] ?? []) as unknown[]);
    expect(callbacks.map(readable)).toEqual([`${url}/oauth/callback`]);
  });

  it('is the API’s own for signed requests and for keys with networks', () => {
    const { McpUrl, CiUrl, DirectMcpUrl } = outputsOf(stack);
    expect({ McpUrl, CiUrl, DirectMcpUrl }).toEqual({
      McpUrl: `${url}/mcp`,
      CiUrl: `${directUrl}/ci/mcp`,
      DirectMcpUrl: `${directUrl}/mcp`,
    });
  });

  it('stands in the resource’s document where the issuers are one’s own', async () => {
    const { gateway } = await synthesize('dev', edgeConfig(oidc));
    const edge = gateway.only('AWS::CloudFront::Distribution').id;
    const documents = routesOf(gateway).filter(({ route }) => route.includes('.well-known'));
    expect(documents.map(({ route }) => route)).toEqual([
      'GET /.well-known/oauth-protected-resource',
      'GET /.well-known/oauth-protected-resource/mcp',
      'OPTIONS /.well-known/oauth-protected-resource',
      'OPTIONS /.well-known/oauth-protected-resource/mcp',
    ]);
    const bodies = documents
      .filter(({ route }) => route.startsWith('GET'))
      .map(({ properties }) => {
        const { IntegrationResponses } = properties['Integration'] as {
          IntegrationResponses: { ResponseTemplates: Record<string, unknown> }[];
        };
        return readable(IntegrationResponses[0]?.ResponseTemplates['application/json']);
      });
    expect(new Set(bodies).size).toBe(1);
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
      resource: `https://{${edge}.DomainName}/mcp`,
      authorization_servers: ['https://login.example.com'],
    });
    Template.fromJSON(JSON.parse(gateway.text) as object);
  });
});

describe('whose request it is', () => {
  const secret = () =>
    `{{resolve:secretsmanager:{${stack.only('AWS::SecretsManager::Secret').id}}:SecretString:::}}`;

  const headers = () =>
    distribution().Origins[0]?.['OriginCustomHeaders'] as {
      HeaderName: string;
      HeaderValue: unknown;
    }[];

  it('the distribution says that it is the one, by a secret that is in no template', () => {
    expect(
      headers().map(({ HeaderName, HeaderValue }) => [HeaderName, readable(HeaderValue)]),
    ).toEqual([['x-drawbridge-edge', secret()]]);
  });

  it('its function replaces what a viewer says of its own address', () => {
    const { FunctionCode, FunctionConfig } = stack.only('AWS::CloudFront::Function').Properties;
    expect(FunctionConfig).toMatchObject({ Runtime: 'cloudfront-js-2.0' });
    const request = {
      method: 'POST',
      headers: {
        authorization: { value: 'Bearer x' },
        'x-drawbridge-viewer': { value: '192.0.2.1', multiValue: [{ value: '192.0.2.1' }] },
      },
    };
    const answer: unknown = runInNewContext(`${String(FunctionCode)}; handler(event)`, {
      event: { viewer: { ip: '203.0.113.9' }, request },
    });
    expect(answer).toEqual({
      method: 'POST',
      headers: {
        authorization: { value: 'Bearer x' },
        'x-drawbridge-viewer': { value: '203.0.113.9' },
      },
    });
    const [association, ...others] = distribution().DefaultCacheBehavior.FunctionAssociations;
    expect(others).toEqual([]);
    expect(association?.EventType).toBe('viewer-request');
  });

  it('the firewall counts viewers beside the secret, and callers without it', () => {
    const { Rules } = stack.only('AWS::WAFv2::WebACL').Properties as {
      Rules: { Name: string; Priority: number; Statement: Record<string, unknown> }[];
    };
    expect(Rules.slice(0, 6).map(({ Name, Priority }) => [Name, Priority])).toEqual([
      ['BodySize', 0],
      ['RequestsPerIp', 1],
      ['RequestsPerViewer', 2],
      ['OpenRequestsPerIp', 3],
      ['OpenRequestsPerViewer', 4],
      ['RequestsPerCredential', 5],
    ]);
    const byEdge = {
      ByteMatchStatement: {
        FieldToMatch: { SingleHeader: { Name: 'x-drawbridge-edge' } },
        PositionalConstraint: 'EXACTLY',
        SearchString: headers()[0]?.HeaderValue,
        TextTransformations: [{ Priority: 0, Type: 'NONE' }],
      },
    };
    const limit = { Limit: 2000, EvaluationWindowSec: 300 };
    expect(Rules[1]?.Statement).toEqual({
      RateBasedStatement: {
        AggregateKeyType: 'IP',
        ...limit,
        ScopeDownStatement: { NotStatement: { Statement: byEdge } },
      },
    });
    expect(Rules[2]?.Statement).toEqual({
      RateBasedStatement: {
        AggregateKeyType: 'FORWARDED_IP',
        ForwardedIPConfig: { HeaderName: 'x-drawbridge-viewer', FallbackBehavior: 'MATCH' },
        ...limit,
        ScopeDownStatement: byEdge,
      },
    });
  });

  it('no function is told of the secret or believes the header', () => {
    for (const { Properties } of [
      ...stack.ofType('AWS::Lambda::Function'),
      ...stack.ofType('AWS::IAM::Policy'),
    ]) {
      const text = JSON.stringify(Properties);
      expect(text).not.toContain('OriginSecret');
      expect(text).not.toMatch(/x-drawbridge-/i);
    }
  });
});

it('without the setting there is nothing of it', async () => {
  for (const env of ['dev', 'local', 'prod'] as const) {
    const { gateway } = await synthesizedEnv(env);
    expect(gateway.text).not.toMatch(/CloudFront|x-drawbridge-|FORWARDED_IP/);
    expect(outputsOf(gateway)).not.toHaveProperty('DirectMcpUrl');
  }
});

it('the twin refuses it by name, in one line', async () => {
  const config = configSchema.parse({ ...configOf('local'), cloudFront: { enabled: true } });
  const app = anApp();
  try {
    addEnvironment(app, { envName: 'local', config, ...(await builtOnce('local', config)) });
    app.synth();
    const account = { accountId: '000000000000', region: 'us-east-1' };
    expect(() => loadDeployment(app.outdir, account)).toThrow(
      /^The twin does not run these resources of the template: [^\n]*AWS::CloudFront::Distribution \(drawbridge-local-Gateway\/[^\n]*$/,
    );
  } finally {
    rmSync(app.outdir, { recursive: true, force: true });
  }
});
