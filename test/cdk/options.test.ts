import { beforeAll, describe, expect, it } from 'vitest';
import { configSchema, type DrawbridgeConfig } from '../../lib/config.ts';
import { readable } from './support/cloudformation.ts';
import { configOf, synthesize, type SynthesizedStack, type Synthesized } from './support/synth.ts';

const withSettings = (settings: object): DrawbridgeConfig =>
  configSchema.parse({ ...configOf('dev'), ...settings });

const certificateArn = 'arn:aws:acm:eu-central-1:111122223333:certificate/0123-abcd';
const hostedZone = { id: 'Z0123456789ABC', name: 'example.com' };
const domain = { name: 'mcp.example.com', certificateArn };
const issuer = {
  issuer: 'https://login.example.com',
  jwksUri: 'https://login.example.com/jwks.json',
  requiredScope: 'drawbridge/mcp',
  tenantClaim: 'tenant',
};

/** Each is synthesized under CloudFormation's own validation and cdk-nag: what either finds stops it. */
const matrix = {
  domain: { domain: { name: 'mcp.example.com', hostedZone } },
  'domain with mTLS': {
    domain: {
      ...domain,
      truststore: { bucket: 'trusted-authorities', key: 'ca.pem', version: 'v1' },
    },
  },
  cmk: { encryption: 'cmk', region: 'eu-central-1', identity: { provider: 'cognito' } },
  private: { private: { vpcEndpointIds: ['vpce-0123456789abcdef0'] } },
  cloudfront: { cloudFront: { enabled: true }, identity: { provider: 'cognito' } },
  'oidc instead of cognito': { identity: { provider: 'oidc', issuers: [issuer] }, domain },
  perTenant: { mcp: { isolation: 'perTenant' } },
  archive: { archive: { enabled: true } },
  everything: {
    domain,
    region: 'eu-central-1',
    encryption: 'cmk',
    identity: { provider: 'cognito' },
    mcp: { isolation: 'perTenant' },
    archive: { enabled: true },
    tracing: { enabled: true },
    deployment: { permissionsBoundary: 'team-boundary', qualifier: 'team' },
  },
} as const;
type Option = keyof typeof matrix;

const synths = new Map<Option, Synthesized>();
const of = (option: Option): Synthesized => {
  const found = synths.get(option);
  if (found === undefined) throw new Error(`${option} was not synthesized`);
  return found;
};

describe.each(Object.keys(matrix) as Option[])('with %s', (option) => {
  it('synthesizes without a finding', async () => {
    synths.set(option, await synthesize('dev', withSettings(matrix[option])));
  });
});

const textsOf = ({ data, gateway, operations }: Synthesized): string =>
  [data, gateway, operations].map(({ text }) => text).join('\n');

const property = (stack: SynthesizedStack, type: string, name: string): unknown =>
  stack.only(type).Properties[name];

describe('a domain', () => {
  it('is the only way in, at the root, with TLS 1.3 or 1.2 with forward secrecy', () => {
    const { gateway } = of('domain');
    expect(property(gateway, 'AWS::ApiGateway::RestApi', 'DisableExecuteApiEndpoint')).toBe(true);
    expect(gateway.only('AWS::ApiGateway::DomainName').Properties).toMatchObject({
      DomainName: 'mcp.example.com',
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
      EndpointAccessMode: 'STRICT',
      EndpointConfiguration: { Types: ['REGIONAL'] },
    });
    expect(property(gateway, 'AWS::ApiGateway::BasePathMapping', 'BasePath')).toBeUndefined();
    expect(gateway.only('AWS::CertificateManager::Certificate').Properties).toMatchObject({
      ValidationMethod: 'DNS',
      DomainValidationOptions: [{ HostedZoneId: hostedZone.id }],
    });
    expect(gateway.only('AWS::Route53::RecordSet').Properties).toMatchObject({
      Name: 'mcp.example.com.',
      HostedZoneId: hostedZone.id,
    });
  });

  it('is what clients, jobs and operators are told', () => {
    const { Outputs } = JSON.parse(of('domain').gateway.text) as {
      Outputs: Record<string, { Value: unknown }>;
    };
    expect(readable(Outputs['McpUrl']?.Value)).toBe('https://mcp.example.com/mcp');
    expect(readable(Outputs['CiUrl']?.Value)).toBe('https://mcp.example.com/ci/mcp');
    expect(readable(Outputs['AdminUrl']?.Value)).toBe('https://mcp.example.com/admin');
  });

  it('asks clients for certificates where there is a truststore', () => {
    expect(
      property(
        of('domain with mTLS').gateway,
        'AWS::ApiGateway::DomainName',
        'MutualTlsAuthentication',
      ),
    ).toEqual({ TruststoreUri: 's3://trusted-authorities/ca.pem', TruststoreVersion: 'v1' });
    expect(
      property(of('domain with mTLS').gateway, 'AWS::ApiGateway::DomainName', 'SecurityPolicy'),
    ).toBe('TLS_1_2');
    expect(
      property(of('domain').gateway, 'AWS::ApiGateway::DomainName', 'MutualTlsAuthentication'),
    ).toBeUndefined();
  });

  it('is not there by default', async () => {
    const { gateway } = of('cmk');
    expect(gateway.ofType('AWS::ApiGateway::DomainName')).toEqual([]);
    expect(property(gateway, 'AWS::ApiGateway::RestApi', 'DisableExecuteApiEndpoint')).toBe(false);
  });
});

describe('a key of the environment’s own', () => {
  it('is rotated, and encrypts tables, secrets and every log', () => {
    const { data, gateway } = of('cmk');
    expect(property(data, 'AWS::KMS::Key', 'EnableKeyRotation')).toBe(true);
    for (const { Properties } of data.ofType('AWS::DynamoDB::GlobalTable')) {
      expect(Properties['SSESpecification']).toMatchObject({ SSEEnabled: true, SSEType: 'KMS' });
    }
    for (const { Properties, id } of data.ofType('AWS::SecretsManager::Secret')) {
      expect(Properties['KmsKeyId'], id).toBeDefined();
    }
    const logGroups = gateway.ofType('AWS::Logs::LogGroup');
    expect(logGroups.length).toBeGreaterThan(4);
    for (const { Properties, id } of logGroups) expect(Properties['KmsKeyId'], id).toBeDefined();
  });

  it('is used by no function for more than it reads or writes', () => {
    const grants = of('cmk')
      .gateway.ofType('AWS::IAM::Policy')
      .flatMap(({ Properties }) => {
        const { Statement } = Properties['PolicyDocument'] as {
          Statement: readonly { Action: string | string[]; Resource: unknown }[];
        };
        return Statement.map(({ Action, Resource }) => ({ actions: [Action].flat(), Resource }));
      })
      .filter(({ actions }) => actions.some((action) => action.startsWith('kms:')));
    expect(grants.length).toBeGreaterThanOrEqual(3);
    for (const { actions, Resource } of grants) {
      expect(['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey']).toEqual(
        expect.arrayContaining(actions),
      );
      expect(JSON.stringify(Resource)).toContain('EncryptionKey');
    }
  });

  it('is not there by default', () => {
    expect(of('domain').data.ofType('AWS::KMS::Key')).toEqual([]);
  });
});

describe('a private API', () => {
  it('lets in only requests by its endpoints', () => {
    const { gateway } = of('private');
    expect(gateway.only('AWS::ApiGateway::RestApi').Properties).toMatchObject({
      EndpointConfiguration: { Types: ['PRIVATE'], VpcEndpointIds: ['vpce-0123456789abcdef0'] },
      Policy: {
        Statement: [
          {
            Effect: 'Deny',
            Action: 'execute-api:Invoke',
            Condition: { StringNotEquals: { 'aws:SourceVpce': ['vpce-0123456789abcdef0'] } },
          },
          { Effect: 'Allow', Action: 'execute-api:Invoke' },
        ],
      },
    });
  });

  it('is the only one with a resource policy', () => {
    for (const option of ['domain', 'cmk', 'cloudfront', 'perTenant'] as const) {
      expect(property(of(option).gateway, 'AWS::ApiGateway::RestApi', 'Policy')).toBeUndefined();
    }
  });
});

describe('an environment for each tenant', () => {
  it('is another function, told whom it is for by API Gateway and by nobody else', () => {
    const { gateway } = of('perTenant');
    const isolated = gateway
      .ofType('AWS::Lambda::Function')
      .filter(({ Properties }) => Properties['TenancyConfig'] !== undefined);
    expect(isolated.map(({ id }) => id).join()).toMatch(/McpFunctionPerTenant/u);
    const mapped = gateway.ofType('AWS::ApiGateway::Method').flatMap(({ Properties }) => {
      const { RequestParameters } = Properties['Integration'] as {
        RequestParameters?: Record<string, string>;
      };
      const tenant = RequestParameters?.['integration.request.header.X-Amz-Tenant-Id'];
      return tenant === undefined ? [] : [`${String(Properties['AuthorizationType'])} ${tenant}`];
    });
    expect([...new Set(mapped)].toSorted()).toEqual([
      'AWS_IAM context.identity.userArn',
      'CUSTOM context.authorizer.tenant',
    ]);
  });
});

describe('an account with rules of its own', () => {
  let all: Synthesized;
  beforeAll(() => {
    all = of('everything');
  });

  it('bounds every role', () => {
    const roles = [all.data, all.gateway, all.operations].flatMap((stack) =>
      stack.ofType('AWS::IAM::Role'),
    );
    expect(roles.length).toBeGreaterThan(3);
    for (const { Properties, id } of roles) {
      expect(readable(Properties['PermissionsBoundary']), id).toContain(':policy/team-boundary');
    }
  });

  it('is deployed by the bootstrap that it names', () => {
    expect(textsOf(all).includes('/cdk-bootstrap/team/version')).toBe(true);
  });
});

describe('settings that do not go together', () => {
  it.each([
    ['domain', { domain, publicUrl: 'https://mcp.example.com' }],
    ['domain', { domain, cloudFront: { enabled: true } }],
    ['private', { domain, private: { vpcEndpointIds: ['vpce-0123456789abcdef0'] } }],
    ['encryption', { encryption: 'cmk' }],
    ['domain.certificateArn', { domain: { name: 'mcp.example.com' } }],
    ['domain.hostedZone.name', { domain: { name: 'mcp.example.org', hostedZone } }],
    ['domain.name', { domain: { ...domain, name: 'MCP.example.com' } }],
  ])('%s is refused by name', (path, settings) => {
    const parsed = configSchema.safeParse({ ...configOf('dev'), ...settings });
    expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toContain(path);
  });
});
