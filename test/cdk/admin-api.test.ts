import { beforeAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../lib/config.ts';
import { grantsOf, readable, routesOf } from './support/cloudformation.ts';
import { builtOnce, configOf, synthesize, synthesizedEnv } from './support/synth.ts';
import type { Resource, Synthesized, SynthesizedStack } from './support/synth.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

const functionOf = (gateway: SynthesizedStack): (Resource & { readonly id: string }) | undefined =>
  gateway
    .ofType('AWS::Lambda::Function')
    .find(({ Properties }) => Properties['Description'] === 'Drawbridge admin API');

describe.each(['dev', 'local', 'prod'] as const)('the admin API of %s', (env) => {
  let synthesized: Synthesized;
  let admin: Resource & { readonly id: string };
  beforeAll(async () => {
    synthesized = await synthesizedEnv(env);
    admin = functionOf(synthesized.gateway)!;
  });

  it('takes nobody who has not signed, on any method, and no usage key', () => {
    const routes = routesOf(synthesized.gateway).filter(({ route }) => route.includes(' /admin'));
    expect(routes.map(({ route }) => route).sort()).toEqual(
      ['/admin', '/admin/{proxy+}']
        .flatMap((path) => methods.map((method) => `${method} ${path}`))
        .sort(),
    );
    for (const { properties } of routes) {
      expect(properties['AuthorizationType']).toBe('AWS_IAM');
      expect(properties).not.toHaveProperty('AuthorizerId');
      expect(properties['ApiKeyRequired'] ?? false).toBe(false);
      const integration = properties['Integration'] as Record<string, unknown>;
      expect(integration).toMatchObject({ Type: 'AWS_PROXY', TimeoutInMillis: 29_000 });
      expect(readable(integration['Uri'])).toContain(`{${admin.id}.Arn}`);
    }
  });

  it('has a function of its own, which is told no secret', () => {
    expect(admin.Properties).toMatchObject({ MemorySize: 512, Timeout: 29, Runtime: 'nodejs24.x' });
    expect(admin.Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    const { Variables } = admin.Properties['Environment'] as { Variables: Record<string, unknown> };
    expect(Object.keys(Variables).sort()).toEqual([
      'ADMIN_OPERATORS',
      'AUDIT_DIGEST_SECRET_ARN',
      'DEPLOYMENT_PARAMETER',
      'DRAWBRIDGE_ENV',
      'DRAWBRIDGE_VERSION',
      'PUBLIC_URL',
    ]);
    expect(Variables).toMatchObject({
      ADMIN_OPERATORS: env === 'local' ? 'arn:aws:iam::000000000000:user/operator' : '',
      DEPLOYMENT_PARAMETER: `/drawbridge/${env}/deployment`,
    });
  });

  it('may do exactly this', () => {
    const { gateway, config } = synthesized;
    const roleId = readable(admin.Properties['Role']).slice(1, -'.Arn}'.length);
    const grants = grantsOf(gateway, roleId).flatMap(({ effect, actions, resources }) => {
      expect(effect).toBe('Allow');
      return actions.map((action) => [action, resources.map(shorter).sort()] as const);
    });
    const plans = Object.keys(config.plans);
    const collections = ['/apikeys', ...plans.map((plan) => `/usageplans/{${plan}}/keys`)];
    const secrets = ['Pepper', 'AuditDigestKey', ...(env === 'local' ? ['items-api-key'] : [])];
    expect(byAction(grants)).toEqual({
      'apigateway:GET': [...collections, '/usageplans'].sort(),
      'apigateway:POST': collections.sort(),
      'apigateway:PATCH': ['/apikeys/*'],
      'apigateway:DELETE': collections.map((path) => `${path}/*`).sort(),
      'dynamodb:DeleteItem': ['Registry'],
      'dynamodb:GetItem': ['Registry', 'Usage'],
      'dynamodb:PutItem': ['Registry'],
      'dynamodb:Query': ['Registry/index/byCollection'],
      'dynamodb:Scan': ['Registry'],
      'dynamodb:UpdateItem': ['Registry', 'Usage'],
      'logs:CreateLogStream': ['own log'],
      'logs:PutLogEvents': ['own log'],
      'logs:StartQuery': ['log of mcp'],
      'logs:GetQueryResults': ['*'],
      'secretsmanager:GetSecretValue': secrets.sort(),
      'ssm:GetParameter': [`parameter/drawbridge/${env}/deployment`],
      // As every function, where requests are traced: X-Ray has no resources.
      'xray:PutTelemetryRecords': ['*'],
      'xray:PutTraceSegments': ['*'],
    });
  });

  it('does not make the function wait for the policy that waits for its routes', () => {
    const { gateway } = synthesized;
    const waitsFor = (admin['DependsOn'] ?? []) as readonly string[];
    const plans = gateway
      .ofType('AWS::IAM::Policy')
      .filter(({ id, Properties }) =>
        JSON.stringify(Properties).includes('usageplans') ? id.startsWith('Admin') : false,
      );
    expect(plans).toHaveLength(1);
    expect(waitsFor).not.toContain(plans[0]?.id);
  });

  it('may be invoked by this API and nobody else', () => {
    const { gateway } = synthesized;
    const stage = gateway.only('AWS::ApiGateway::Stage').id;
    const sources = gateway
      .ofType('AWS::Lambda::Permission')
      .filter(({ Properties }) => readable(Properties['FunctionName']) === `{${admin.id}.Arn}`)
      .map(({ Properties }) => {
        expect(Properties['Principal']).toBe('apigateway.amazonaws.com');
        return readable(Properties['SourceArn']).split(`/{${stage}}/`)[1];
      });
    expect(sources.sort()).toEqual(
      methods.flatMap((method) => [`${method}/admin`, `${method}/admin/*`]).sort(),
    );
  });

  it('says where it is', () => {
    const outputs = JSON.parse(synthesized.gateway.text) as {
      readonly Outputs: Readonly<Record<string, { readonly Value: unknown }>>;
    };
    expect(readable(outputs.Outputs['AdminUrl']?.Value)).toMatch(/amazonaws\.com\/live\/admin$/u);
  });
});

describe('admin of the configuration', () => {
  const withAdmin = (admin: unknown) => configSchema.safeParse({ ...configOf('dev'), admin });

  it('names operators as IAM shows them: a role’s path is left out for the function', async () => {
    const operators = [
      'arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_Ops_0123',
      'arn:aws:iam::123456789012:user/people/ann',
    ];
    const config = withAdmin({ operators }).data!;
    const built = await builtOnce('dev', configOf('dev'));
    const { gateway } = await synthesize('dev', config, built);
    expect(functionOf(gateway)?.Properties['Environment']).toMatchObject({
      Variables: {
        ADMIN_OPERATORS:
          'arn:aws:iam::123456789012:role/AWSReservedSSO_Ops_0123 arn:aws:iam::123456789012:user/people/ann',
      },
    });
  });

  it.each([
    'arn:aws:iam::123456789012:root',
    'arn:aws:iam::123456789012:role/*',
    'arn:aws:sts::123456789012:assumed-role/ops/session',
    'arn:aws:iam::*:role/ops',
    'role/ops',
    '*',
  ])('%s is no operator', (arn) => {
    expect(withAdmin({ operators: [arn] }).success).toBe(false);
  });

  it('enabled: false leaves neither routes nor a function', async () => {
    const config = withAdmin({ enabled: false }).data!;
    const built = await builtOnce('dev', configOf('dev'));
    const { gateway } = await synthesize('dev', config, built);
    expect(functionOf(gateway)).toBeUndefined();
    expect(gateway.text).not.toContain('AdminUrl');
    expect(routesOf(gateway).filter(({ route }) => route.includes('/admin'))).toEqual([]);
  });
});

const byAction = (
  grants: readonly (readonly [string, readonly string[]])[],
): Record<string, readonly string[]> => {
  const found: Record<string, readonly string[]> = {};
  for (const [action, resources] of grants) {
    found[action] = [...(found[action] ?? []), ...resources].sort();
  }
  return found;
};

/** A resource by what it is called here. */
const shorter = (resource: string): string => {
  const [, path] = /:apigateway:.*?::(\/.*)$/u.exec(resource) ?? [];
  if (path !== undefined) {
    return path.replace(/\{Plan([a-z]+)[0-9A-F]{8}\}/u, '{$1}');
  }
  for (const [pattern, name] of [
    [/RegistryTable\w+\}\/index\/(\w+)$/u, 'Registry/index/$1'],
    [/^.*RegistryTable\w+\}$/u, 'Registry'],
    [/^.*UsageTable\w+\}$/u, 'Usage'],
    [/^.*(Pepper|AuditDigestKey)\w+\}$/u, '$1'],
    [/^.*UpstreamSecretitemsapikey\w+\}$/u, 'items-api-key'],
    [/^\{AdminFunctionLogs\w+\.Arn\}$/u, 'own log'],
    [/^\{McpFunctionLogs\w+\.Arn\}$/u, 'log of mcp'],
    [/^.*:(parameter\/.*)$/u, '$1'],
  ] as const) {
    if (pattern.test(resource))
      return resource.replace(/^.*?(?=RegistryTable\w+\}\/)/u, '').replace(pattern, name);
  }
  return resource;
};
