import { rmSync } from 'node:fs';
import { Stack } from 'aws-cdk-lib';
import { CfnBucket } from 'aws-cdk-lib/aws-s3';
import { CfnSecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { acknowledge, addSecurityChecks } from '../../lib/security-checks.ts';
import {
  anApp,
  build,
  configOf,
  projectDirectory,
  synthesize,
  synthesizedEnv,
  type Synthesized,
} from './support/synth.ts';

const assetNames = ({ assets }: Synthesized) => Object.keys(assets).sort();

describe('the same sources', () => {
  it.each(['dev', 'local', 'prod'] as const)(
    'give the same bundles, templates and asset hashes in %s',
    async (env) => {
      const config = configOf(env);
      const built = await build(env, config);
      const [one, other] = [await synthesizedEnv(env), await synthesize(env, config, built)];
      expect(assetNames(other)).toEqual(assetNames(one));
      for (const stack of ['data', 'gateway', 'operations'] as const) {
        expect(other[stack].text === one[stack].text, stack).toBe(true);
      }
    },
  );

  it('give all environments the same code', async () => {
    const dev = await synthesizedEnv('dev');
    // Authorizer, MCP, admin and handshake.
    expect(assetNames(dev)).toHaveLength(4);
    expect(assetNames(await synthesizedEnv('prod'))).toEqual(assetNames(dev));
    // The twin's environment has upstreams, which the MCP function is told of; a stdio server among them; and a user
    // pool: its trigger and the OAuth facade.
    const local = await synthesizedEnv('local');
    expect(assetNames(local)).toHaveLength(7);
    const code = (of: Synthesized) => Object.values(of.assets).map((files) => files['index.cjs']);
    expect(code(local)).toEqual(expect.arrayContaining(code(dev)));
  });

  it('bundles name no file of the machine that made them', async () => {
    for (const files of Object.values((await synthesizedEnv('dev')).assets)) {
      for (const text of Object.values(files)) expect(text).not.toContain(projectDirectory);
    }
  });
});

describe('the configuration', () => {
  it('a stack that shares its account’s API Gateway settings leaves them alone', async () => {
    const { gateway } = await synthesize('dev', {
      ...configOf('dev'),
      manageApiGatewayAccount: false,
    });
    expect(gateway.ofType('AWS::ApiGateway::Account')).toEqual([]);
    expect(gateway.text.includes('AmazonAPIGatewayPushToCloudWatchLogs')).toBe(false);
  });

  it('reaches the template', async () => {
    const dev = configOf('dev');
    const { gateway } = await synthesize('dev', {
      ...dev,
      authorizer: { cacheSeconds: 0, memoryMb: 256 },
      mcp: {
        ...dev.mcp,
        timeoutSeconds: 120,
        toolTimeoutSeconds: 90,
        allowedOrigins: ['http://a', 'http://b'],
      },
      waf: { ...dev.waf, requestsPerIp: 77, windowSeconds: 60, maxBodyBytes: 8_192 },
    });
    expect(
      gateway.only('AWS::ApiGateway::Authorizer').Properties['AuthorizerResultTtlInSeconds'],
    ).toBe(0);
    const [authorizer, mcp] = gateway.ofType('AWS::Lambda::Function');
    expect(authorizer?.Properties).toMatchObject({ MemorySize: 256 });
    expect(mcp?.Properties).toMatchObject({
      Timeout: 120,
      Environment: {
        Variables: {
          TOOL_TIMEOUT_MS: '90000',
          MAX_BODY_BYTES: '8192',
          ALLOWED_ORIGINS: 'http://a http://b',
        },
      },
    });
    const acl = JSON.stringify(gateway.only('AWS::WAFv2::WebACL').Properties);
    expect(acl).toContain('"Limit":77');
    expect(acl).toContain('"Retry-After","Value":"60"');
    expect(acl).toContain('"Size":8192');
    expect(acl).toContain('larger than 8192 bytes');
  });
});

describe('security checks', () => {
  /** Synthesizes an app with one stack. */
  const synthWith = (fill: (stack: Stack) => void) => {
    const app = anApp();
    const stack = new Stack(app, 'Unsafe');
    fill(stack);
    addSecurityChecks(app);
    return () => {
      try {
        app.synth();
      } finally {
        rmSync(app.outdir, { recursive: true, force: true });
      }
    };
  };

  it('a finding that nobody acknowledged fails synth and names the rule and the resource', () => {
    const openBucket = (stack: Stack) => void new CfnBucket(stack, 'OpenBucket');
    expect(synthWith(openBucket)).toThrow(/AwsSolutions-S1\b/);
    expect(synthWith(openBucket)).toThrow(/OpenBucket/);
  });

  it('an acknowledged one does not, and only on its own construct', () => {
    const secrets = (stack: Stack, ...acknowledged: readonly string[]) => {
      for (const id of ['One', 'Two']) {
        const secret = new Secret(stack, id);
        if (acknowledged.includes(id)) acknowledge(secret, 'AwsSolutions-SMG4', 'A test.');
      }
    };
    synthWith((stack) => secrets(stack, 'One', 'Two'))();
    expect(synthWith((stack) => secrets(stack, 'One'))).toThrow(/AwsSolutions-SMG4/);
    expect(synthWith((stack) => secrets(stack))).toThrow(/AwsSolutions-SMG4/);
  });

  it('a stack with nothing wrong passes', () => {
    const synth = synthWith((stack) => {
      const secret = new CfnSecret(stack, 'Secret', { generateSecretString: {} });
      acknowledge(secret, 'AwsSolutions-SMG4', 'A test.');
    });
    expect(synth).not.toThrow();
  });
});
