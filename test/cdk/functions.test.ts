import { beforeAll, describe, expect, it } from 'vitest';
import { grantsIn, grantsOf, readable, type Grant } from './support/cloudformation.ts';
import { synthesizedEnv, type Resource, type Synthesized } from './support/synth.ts';

type Found = Resource & { readonly id: string };

/** What Lambda does for X-Ray is listed in operations.test.ts. */
const withoutTracing = (grants: readonly Grant[]): readonly Grant[] =>
  grants.filter(({ actions }) => !actions.every((action) => action.startsWith('xray:')));

describe.each(['dev', 'local', 'prod'] as const)('the functions of %s', (env) => {
  let synthesized: Synthesized;
  let authorizer: Found;
  let mcp: Found;
  beforeAll(async () => {
    synthesized = await synthesizedEnv(env);
    const functions = synthesized.gateway.ofType('AWS::Lambda::Function');
    expect(functions.map(({ Properties }) => Properties['Description'])).toEqual([
      'Drawbridge authorizer',
      ...(env === 'local' ? ['Drawbridge sandbox of everything'] : []),
      'Drawbridge MCP server',
      'Drawbridge handshake with a new version, before it serves',
      ...(env === 'local' ? ['Drawbridge OAuth facade'] : []),
      'Drawbridge admin API',
    ]);
    const described = (description: string) =>
      functions.find(({ Properties }) => Properties['Description'] === description)!;
    authorizer = described('Drawbridge authorizer');
    mcp = described('Drawbridge MCP server');
  });

  const roleOf = ({ Properties }: Found): string =>
    readable(Properties['Role']).slice(1, -'.Arn}'.length);

  const filesOf = ({ Properties }: Found): Readonly<Record<string, string>> => {
    const { S3Key } = Properties['Code'] as { S3Key: string };
    const files = synthesized.assets[`asset.${S3Key.replace('.zip', '')}`];
    expect(files).toBeDefined();
    return files!;
  };

  it('run Node 24 on arm64, with JSON logs in a group of their own', () => {
    for (const { Properties } of [authorizer, mcp]) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        Handler: 'index.handler',
        LoggingConfig: {
          LogFormat: 'JSON',
          ApplicationLogLevel: 'INFO',
          SystemLogLevel: 'WARN',
        },
      });
      const { LogGroup } = Properties['LoggingConfig'] as { LogGroup: unknown };
      expect(synthesized.gateway.resources[readable(LogGroup).slice(1, -1)]).toMatchObject({
        Type: 'AWS::Logs::LogGroup',
        Properties: { RetentionInDays: synthesized.config.logs.auditRetentionDays },
      });
      expect(Properties).not.toHaveProperty('Layers');
      expect(Properties).not.toHaveProperty('VpcConfig');
    }
  });

  it('have the memory and the time that is configured', () => {
    const { config } = synthesized;
    expect(authorizer.Properties).toMatchObject({
      MemorySize: config.authorizer.memoryMb,
      Timeout: 8,
    });
    expect(mcp.Properties).toMatchObject({
      MemorySize: config.mcp.memoryMb,
      Timeout: config.mcp.timeoutSeconds,
    });
  });

  it('the authorizer is told where keys and the pepper are, and nothing else', () => {
    const { Variables } = authorizer.Properties['Environment'] as { Variables: object };
    expect(Object.keys(Variables).sort()).toEqual([
      'METRICS_ENV',
      'PEPPER_SECRET_ARN',
      'REGISTRY_TABLE_NAME',
      ...(env === 'local' ? ['TOKEN_ISSUERS'] : []),
    ]);
  });

  it('the MCP function is told its limits in the units that it parses, and no secret', () => {
    const { Variables } = mcp.Properties['Environment'] as { Variables: Record<string, unknown> };
    const { AUDIT_DIGEST_SECRET_ARN, DRAWBRIDGE_VERSION, REGISTRY_TABLE_NAME, ...others } =
      Variables;
    const { UPSTREAM_SECRETS, SANDBOX_FUNCTIONS, USAGE_TABLE_NAME, PLANS, ...rest } = others;
    expect(readable(USAGE_TABLE_NAME)).toContain('UsageTable');
    expect(Object.keys(JSON.parse(String(PLANS)) as object)).toEqual(
      Object.keys(synthesized.config.plans),
    );
    expect(readable(REGISTRY_TABLE_NAME)).toContain('RegistryTable');
    expect(readable(AUDIT_DIGEST_SECRET_ARN)).toContain('AuditDigestKey');
    expect(DRAWBRIDGE_VERSION).toMatch(/^\d+\.\d+\.\d+/);
    // Names and ARNs, never a value.
    expect(readable(UPSTREAM_SECRETS)).toMatch(
      env === 'local'
        ? /^\{"items-api-key":"\{drawbridge-local-Data:ExportsOutputRefUpstreamSecretitemsapikey\w+\}"\}$/
        : /^\{\}$/,
    );
    expect(readable(SANDBOX_FUNCTIONS)).toMatch(
      env === 'local' ? /^\{"everything":"\{Upstreamseverything\w+\}"\}$/ : /^\{\}$/,
    );
    expect(rest).toEqual({
      DRAWBRIDGE_ENV: env,
      TOOL_TIMEOUT_MS: '30000',
      MAX_RESULT_BYTES: '1000000',
      MAX_BODY_BYTES: '1000000',
      ALLOWED_ORIGINS: env === 'local' ? 'http://localhost:6274 http://127.0.0.1:6274' : '',
      NEW_TOOLS: env === 'local' ? 'allow' : 'hide',
      ALLOW_LOOPBACK: String(env === 'local'),
      METRICS_ENV: env,
      METRIC_SERVERS: env === 'local' ? 'drawbridge everything items' : 'drawbridge',
    });
  });

  it('the authorizer may read single keys and the pepper, and write its own log', () => {
    const { gateway } = synthesized;
    expect(withoutTracing(grantsOf(gateway, roleOf(authorizer)))).toEqual([
      {
        effect: 'Allow',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [expect.stringMatching(/^\{AuthorizerFunctionLogs\w+\.Arn\}$/)],
      },
      {
        effect: 'Allow',
        actions: ['dynamodb:GetItem'],
        resources: [expect.stringMatching(/Data:ExportsOutputFnGetAttRegistryTable\w+Arn\w+\}$/)],
      },
      {
        effect: 'Allow',
        actions: ['secretsmanager:GetSecretValue'],
        resources: [expect.stringMatching(/Data:ExportsOutputRefPepper\w+\}$/)],
      },
    ]);
  });

  it('the MCP function may read the digest key, records and upstreams’ secrets, and call sandboxes: no pepper', () => {
    const { gateway } = synthesized;
    expect(withoutTracing(grantsOf(gateway, roleOf(mcp)))).toEqual([
      {
        effect: 'Allow',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [expect.stringMatching(/^\{McpFunctionLogs\w+\.Arn\}$/)],
      },
      {
        effect: 'Allow',
        actions: ['dynamodb:GetItem'],
        resources: [expect.stringMatching(/RegistryTable\w+\}$/)],
      },
      {
        effect: 'Allow',
        actions: ['dynamodb:Query'],
        resources: [expect.stringMatching(/RegistryTable\w+\}\/index\/byCollection$/)],
      },
      {
        effect: 'Allow',
        actions: ['dynamodb:GetItem', 'dynamodb:UpdateItem'],
        resources: [expect.stringMatching(/UsageTable\w+\}$/)],
      },
      {
        effect: 'Allow',
        actions: ['secretsmanager:GetSecretValue'],
        resources: [
          expect.stringMatching(/Data:ExportsOutputRefAuditDigestKey\w+\}$/),
          ...(env === 'local'
            ? [
                expect.stringMatching(
                  /Data:ExportsOutputRefUpstreamSecretitemsapikey\w+\}$/,
                ) as string,
              ]
            : []),
        ],
      },
      ...(env === 'local'
        ? [
            {
              effect: 'Allow',
              actions: ['lambda:InvokeFunction'],
              resources: [expect.stringMatching(/^\{Upstreamseverything\w+\.Arn\}$/)],
            },
          ]
        : []),
    ]);
  });

  it('their roles are Lambda’s alone and carry no managed or inline policy', () => {
    for (const one of [authorizer, mcp]) {
      const role = synthesized.gateway.resources[roleOf(one)];
      expect(role?.Properties['AssumeRolePolicyDocument']).toEqual({
        Version: '2012-10-17',
        Statement: [
          {
            Action: 'sts:AssumeRole',
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
          },
        ],
      });
      expect(role?.Properties).not.toHaveProperty('ManagedPolicyArns');
      expect(role?.Properties).not.toHaveProperty('Policies');
    }
  });

  it('nothing is allowed by a wildcard, but versions of the function that a handshake is made with', () => {
    const grants = [synthesized.data, synthesized.gateway].flatMap((stack) =>
      stack
        .ofType('AWS::IAM::Policy')
        // What the admin API may do by its nature has no name before: its own test lists it.
        .filter(({ id }) => !id.startsWith('Admin'))
        .flatMap(({ Properties }) => grantsIn(Properties['PolicyDocument'])),
    );
    expect(grants.length).toBeGreaterThan(0);
    const wide = withoutTracing(grants).filter((grant) => JSON.stringify(grant).includes('*'));
    // The hook invokes the version to come, and CodeDeploy invokes the hook (docs/adr/0025-canary.md).
    for (const { actions, resources } of wide) {
      expect(actions).toEqual(['lambda:InvokeFunction']);
      for (const resource of resources) {
        expect(resource).toMatch(/^\{(?:McpFunction|LiveHandshake)\w*\.Arn\}(?::\*)?$/);
      }
    }
    expect(wide).toHaveLength(2);
    for (const stack of [synthesized.data, synthesized.gateway]) {
      for (const type of ['AWS::IAM::ManagedPolicy', 'AWS::IAM::User', 'AWS::IAM::AccessKey']) {
        expect(stack.ofType(type)).toEqual([]);
      }
    }
  });

  it('managed policies are API Gateway’s own for its log role and CodeDeploy’s for aliases', () => {
    const managed = synthesized.gateway
      .ofType('AWS::IAM::Role')
      .flatMap(({ Properties }) => (Properties['ManagedPolicyArns'] ?? []) as unknown[])
      .map(readable);
    expect(managed.toSorted()).toEqual([
      'arn:{AWS::Partition}:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited',
      'arn:{AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs',
    ]);
  });

  it('may be invoked by this API and nobody else', () => {
    const { gateway } = synthesized;
    const api = gateway.only('AWS::ApiGateway::RestApi').id;
    const stage = gateway.only('AWS::ApiGateway::Stage').id;
    const place =
      env === 'local'
        ? 'arn:aws:execute-api:us-east-1:000000000000'
        : 'arn:{AWS::Partition}:execute-api:{AWS::Region}:{AWS::AccountId}';
    const root = `${place}:{${api}}`;
    const permissions = gateway.ofType('AWS::Lambda::Permission').map(({ Properties }) => {
      expect(Properties).toMatchObject({
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
      });
      return [readable(Properties['FunctionName']), readable(Properties['SourceArn'])];
    });
    const live = gateway.only('AWS::Lambda::Alias').id;
    const mcpMay = (route: string) => [`{${live}}`, `${root}/{${stage}}/${route}`];
    // The routes of the OAuth facade and of the admin API are their own tests' business.
    const keyed = permissions.filter(([name]) => !/^\{(?:OAuth|Admin)/u.test(name ?? ''));
    expect(keyed.toSorted()).toEqual(
      [
        [
          `{${authorizer.id}.Arn}`,
          `${root}/authorizers/{${gateway.only('AWS::ApiGateway::Authorizer').id}}`,
        ],
        mcpMay('POST/ci/mcp'),
        mcpMay('POST/mcp'),
        mcpMay('GET/tools'),
        mcpMay('POST/tools/*'),
        mcpMay('GET/openapi.json'),
        mcpMay('GET/servers'),
        mcpMay('GET/me'),
      ].toSorted(),
    );
    expect(gateway.ofType('AWS::Lambda::Url')).toEqual([]);
    expect(gateway.ofType('AWS::Lambda::EventSourceMapping')).toEqual([]);
  });

  it('are small: size is cold start', () => {
    const [forAuthorizer, forMcp] = [filesOf(authorizer), filesOf(mcp)];
    expect(Object.keys(forAuthorizer).sort()).toEqual(['access-tokens.cjs', 'index.cjs']);
    expect(Object.keys(forMcp).sort()).toEqual([
      // Loaded for tenants with policies of their own.
      'cedar.cjs',
      'cedar_wasm_bg.wasm',
      'content-index.json',
      'index.cjs',
      'mcp.lock.json',
      'policies.json',
      'upstream-connections.cjs',
      'upstream-directory.cjs',
      'upstreams.json',
    ]);
    expect(Buffer.byteLength(forAuthorizer['index.cjs']!)).toBeLessThan(150_000);
    expect(Buffer.byteLength(forMcp['index.cjs']!)).toBeLessThan(450_000);
  });

  it.each(['index.cjs', 'upstream-connections.cjs'])(
    'bring no compiler of JSON Schemas: %s',
    (file) => {
      const text = filesOf(mcp)[file]!.toString();
      expect(text).toContain('Functions compile no JSON Schemas.');
      // An option of ajv's.
      expect(text).not.toContain('allowUnionTypes');
    },
  );
});
