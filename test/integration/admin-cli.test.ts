import {
  APIGatewayClient,
  DeleteUsagePlanKeyCommand,
  GetUsagePlansCommand,
} from '@aws-sdk/client-api-gateway';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { connectTo } from '../../cli/connect.ts';
import { operatorTarget } from '../../proof/support/rig.ts';
import { runCli } from '../../cli/program.ts';
import { withProperties } from './support/edited-template.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'admin-cli-'));
  // The authorizer's answers are kept for five minutes: what holds at once does not wait for them.
  const cdkOut = withProperties('AWS::ApiGateway::Authorizer', {
    AuthorizerResultTtlInSeconds: 300,
  });
  running = await runTwin({ cdkOut });
});
afterAll(async () => {
  await running[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** A command line, as the operator of the twin. */
const cli = async (...argv: string[]) => {
  let out = '';
  let err = '';
  const { twin } = running;
  const exitCode = await runCli([...argv, '--json'], {
    terminal: { out: (text) => (out += text), err: (text) => (err += text) },
    connect: () => connectTo(operatorTarget(twin)),
  });
  return { exitCode, out, err };
};

const json = async (...argv: string[]): Promise<unknown> => {
  const { exitCode, out, err } = await cli(...argv);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  return JSON.parse(out);
};

const issued = z.looseObject({ key: z.string(), keyId: z.string() });

/** A tenant with a key, and a call with it. */
const aTenant = async (tenant: string, plan = 'premium') => {
  await json('tenants', 'create', tenant, '--plan', plan);
  const { key, keyId } = issued.parse(await json('keys', 'create', tenant));
  const call = async (args: object = { query: 'key' }, of = key) =>
    (await post(running.mcpUrl, callOf('search', args), bearer(of))).status;
  expect(await call()).toBe(200);
  return { key, keyId, call };
};

describe('what holds from the next call on, although answers of the authorizer are cached', () => {
  it('a suspension, and that it is over', async () => {
    const { call } = await aTenant('paused');
    expect(await json('tenants', 'suspend', 'paused')).toMatchObject({
      status: 'suspended',
      rewrittenKeys: 1,
    });
    expect(await call()).toBeGreaterThanOrEqual(400);
    await json('tenants', 'resume', 'paused');
    expect(await call()).toBe(200);
  });

  it('a revocation', async () => {
    const { keyId, call } = await aTenant('revoked');
    await json('keys', 'revoke', keyId);
    expect(await call()).toBe(401);
    expect(await json('keys', 'revoke', keyId)).toMatchObject({ alreadyRevoked: true });
  });

  it('a rotation without grace: the old key is refused, the new one works', async () => {
    const { keyId, call } = await aTenant('rotated');
    const { key } = issued.parse(await json('keys', 'rotate', keyId, '--grace', '0'));
    expect(await call()).toBe(401);
    expect(await call({ query: 'key' }, key)).toBe(200);
  });

  it('an expiry that is made earlier', async () => {
    const { keyId, call } = await aTenant('expiring');
    await json('keys', 'update', keyId, '--expires', '1s');
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    expect(await call()).toBe(401);
  });

  it('policies, and that they are gone', async () => {
    const { call } = await aTenant('ruled');
    const file = join(folder, 'ruled.cedar');
    writeFileSync(
      file,
      '@id("few")\nforbid (principal, action, resource == Drawbridge::Tool::"search")\n' +
        'when { context.args has limit && context.args.limit > 5 };\n',
    );
    const cases = join(folder, 'cases.json');
    const question = { tool: { name: 'search', readOnly: true } };
    writeFileSync(
      cases,
      JSON.stringify([
        { ...question, args: { query: 'x', limit: 9 }, expect: 'deny', policyId: 'policy:few' },
        { ...question, args: { query: 'x', limit: 5 }, expect: 'allow' },
      ]),
    );
    expect(await json('policies', 'validate', file)).toEqual({ valid: true, problems: [] });
    expect(await json('policies', 'test', 'ruled', cases, '--file', file)).toMatchObject({
      failed: 0,
    });
    const many = { query: 'key', limit: 9 };
    const answerOf = async () => {
      const { key } = issued.parse(await json('keys', 'create', 'ruled'));
      const { json: rpc } = await post(running.mcpUrl, callOf('search', many), bearer(key));
      return rpc?.result?.isError === true || rpc?.error !== undefined;
    };
    expect(await answerOf()).toBe(false);
    expect(await json('policies', 'set', 'ruled', file)).toMatchObject({ version: 1 });
    expect(await answerOf()).toBe(true);
    expect(await call()).toBe(200);

    writeFileSync(file, 'forbid (principal, action, resource) when { nonsense };');
    const refused = await cli('policies', 'set', 'ruled', file);
    expect(refused.exitCode).toBe(1);
    expect(refused.err).toMatch(/POLICY_INVALID.*line 1, column \d+/);
    expect(await json('policies', 'show', 'ruled')).toMatchObject({ version: 1, inForce: true });

    await json('policies', 'remove', 'ruled');
    expect(await answerOf()).toBe(false);
  });
});

describe('plans', () => {
  it('a tenant that is moved is metered by the other plan', async () => {
    const { keyId } = await aTenant('moved', 'free');
    expect(await json('tenants', 'move', 'moved', '--plan', 'trial')).toMatchObject({
      plan: 'trial',
      changed: true,
      rewrittenKeys: 1,
    });
    expect(await json('keys', 'show', keyId)).toMatchObject({ plan: 'trial' });
    const { key } = issued.parse(await json('keys', 'create', 'moved'));
    const answer = await fetch(`${running.twin.url}/me`, { headers: bearer(key) });
    expect(await answer.json()).toMatchObject({ plan: 'trial', limits: [{ limit: 50 }] });
    expect(await json('tenants', 'rename', 'moved', '--name', 'Moved Ltd')).toMatchObject({
      name: 'Moved Ltd',
    });
  });

  it('usage tells what was called', async () => {
    const { call, keyId } = await aTenant('used', 'trial');
    await call();
    await call();
    expect(await json('usage', 'used')).toMatchObject({
      limits: [{ window: 'minute', limit: 50 }],
      days: [{ units: 3 }],
    });
    expect(await json('usage')).toEqual(
      expect.arrayContaining([{ tenant: 'used', plan: 'trial', today: 3, month: 3 }]),
    );
    // What is read is the log, which follows within a moment.
    await expect
      .poll(() => json('usage', 'used', '--by', 'key'), { timeout: 15_000, interval: 500 })
      .toMatchObject({ rows: [{ of: keyId, calls: 3, units: 3, errors: 0 }] });
    expect(await json('usage', 'used', '--by', 'tool')).toMatchObject({
      rows: [{ of: 'search', calls: 3 }],
    });
  });
});

describe('doctor', () => {
  it('finds nothing in a sound deployment; what was changed past it, it mends', async () => {
    const { call } = await aTenant('drifted');
    expect(await json('doctor')).toEqual({ findings: [], left: 0 });

    const client = new APIGatewayClient({
      endpoint: running.twin.aws.url,
      region: running.twin.operator.region,
      credentials: running.twin.operator,
    });
    const { apiGatewayKeyId: keyId } = z
      .looseObject({ apiGatewayKeyId: z.string() })
      .parse(await json('tenants', 'show', 'drifted'));
    const { items = [] } = await client.send(new GetUsagePlansCommand({ keyId }));
    const usagePlanId = items[0]?.id ?? '';
    await client.send(new DeleteUsagePlanKeyCommand({ usagePlanId, keyId }));
    await running.admin.standing.setPolicyVersion('drifted', 4);
    expect(await call()).not.toBe(200);

    const found = await cli('doctor');
    expect(found.exitCode).toBe(1);
    expect(JSON.parse(found.out)).toMatchObject({
      findings: [
        { kind: 'gateway-key-plan', tenant: 'drifted' },
        { kind: 'standing-policies', tenant: 'drifted' },
      ],
    });
    const treated = await cli('doctor', '--repair');
    expect(treated.exitCode).toBe(1);
    expect(JSON.parse(treated.out)).toMatchObject({
      findings: [{ mended: true }, { mended: false, note: expect.any(String) as string }],
      left: 1,
    });
    const file = join(folder, 'allow.cedar');
    writeFileSync(file, 'permit (principal, action, resource);');
    expect(await json('policies', 'set', 'drifted', file)).toMatchObject({ version: 5 });
    expect(await json('doctor')).toEqual({ findings: [], left: 0 });
    const { key } = issued.parse(await json('keys', 'create', 'drifted'));
    expect(await call({ query: 'key' }, key)).toBe(200);
    client.destroy();
  });
});

describe('repeating a command', () => {
  it('with an idempotency key finds what was created, and makes nothing new', async () => {
    const key = ['--idempotency-key', 'pipeline-7'];
    const tenant = ['tenants', 'create', 'repeated', '--plan', 'free', ...key];
    expect(await json(...tenant)).toMatchObject({ created: true });
    expect(await json(...tenant)).toMatchObject({ created: false });
    const create = ['keys', 'create', 'repeated', '--name', 'ci', ...key];
    const { keyId } = issued.parse(await json(...create));
    expect(await json(...create)).toMatchObject({ keyId, created: false });
    const other = await cli('keys', 'create', 'repeated', '--name', 'other', ...key);
    expect(other).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining('CONFLICT') as string,
    });
    expect(await json('keys', 'list', 'repeated')).toHaveLength(1);
    const arn = 'arn:aws:iam::000000000000:role/repeated';
    const add = ['principals', 'add', '--arn', arn, '--tenant', 'repeated', ...key];
    expect(await json(...add)).toMatchObject({ created: true });
    expect(await json(...add)).toMatchObject({ created: false });
    expect(await json('principals', 'set-role', arn, 'readonly')).toMatchObject({
      role: 'readonly',
    });
  });
});

it('every command left a record that says who, what and how it ended', async () => {
  const written = await vi.waitFor(
    () => {
      const text = running.everythingWritten();
      expect(text).toContain('"method":"admin/principals.set-role"');
      return text;
    },
    { timeout: 5_000, interval: 100 },
  );
  for (const method of [
    ...['tenants.create', 'tenants.suspend', 'tenants.resume', 'tenants.move', 'tenants.rename'],
    ...['keys.create', 'keys.revoke', 'keys.rotate', 'keys.update', 'principals.set-role'],
    ...['policies.set', 'policies.remove', 'usage.read', 'doctor.repair'],
  ]) {
    expect(written).toContain(`"method":"admin/${method}"`);
  }
  expect(written).toContain('"subject":"iam:000000000000:user/operator"');
  expect(written).toContain('"code":"POLICY_INVALID"');
});
