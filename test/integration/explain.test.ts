import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { connectTo } from '../../cli/connect.ts';
import { operatorTarget } from '../../proof/support/rig.ts';
import { runCli } from '../../cli/program.ts';
import type { Explanation } from '../../src/admin/explain/explanation.ts';
import { parseApiKey } from '../../src/credentials/api-key.ts';
import { createKey, revokeKey } from '../../src/admin/keys.ts';
import { setPolicies } from '../../src/admin/policies.ts';
import { addPrincipal } from '../../src/admin/principals.ts';
import { suspendTenant } from '../../src/admin/tenant-status.ts';
import { signedFetch } from '../../src/signing/signed-fetch.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
beforeAll(async () => {
  running = await runTwin();
});
afterAll(() => running[Symbol.asyncDispose]());

const keyIdOf = (key: string): string => parseApiKey(key)?.keyId ?? '';

const verdictsOf = ({ steps }: Explanation) =>
  Object.fromEntries(steps.map(({ step, verdict }) => [step, verdict]));

/** `drawbridge explain`, as the operator of the twin. */
const explain = async (...argv: string[]) => {
  let out = '';
  let err = '';
  const { twin } = running;
  const exitCode = await runCli(['explain', ...argv, '--json'], {
    terminal: { out: (text) => (out += text), err: (text) => (err += text) },
    connect: () => connectTo(operatorTarget(twin)),
  });
  const explained = JSON.parse(out) as Explanation;
  return { exitCode, err, out, explained, verdicts: verdictsOf(explained) };
};

/** What the twin answers to the same call. */
const statusOf = async (key: string, args: object = { query: 'plan' }): Promise<number> =>
  (await post(running.mcpUrl, callOf('search', args), bearer(key))).status;

it('a good call passes everywhere, with the whole key too, which is in no output and no record', async () => {
  const key = await running.keyOn('premium', 'good');
  expect(await statusOf(key)).toBe(200);
  for (const given of [keyIdOf(key), key]) {
    const { exitCode, err, out, explained, verdicts } = await explain(
      '--key',
      given,
      '--tool',
      'search',
    );
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(explained).toMatchObject({ caller: keyIdOf(key), tenant: 'good', outcome: 'served' });
    expect(verdicts).toEqual({
      firewall: 'pass',
      authorizer: 'pass',
      'usage-plan': 'pass',
      tool: 'pass',
      pin: 'pass',
      policy: 'pass',
      quota: 'pass',
      upstream: 'pass',
    });
    expect(out).not.toContain(key);
  }
  const written = running.everythingWritten();
  expect(written).toContain('"method":"admin/calls.explain"');
  expect(written).not.toContain(key);
});

it('a revoked key is refused by the authorizer, and by the counter where its answer is cached', async () => {
  const key = await running.keyOn('premium', 'gone');
  await revokeKey(running.admin, keyIdOf(key));
  const { exitCode, err, explained } = await explain('--key', keyIdOf(key), '--tool', 'search');
  expect(exitCode).toBe(1);
  expect(err).toContain('CALL_REFUSED');
  expect(explained).toMatchObject({ outcome: 'refused', decidedBy: 'authorizer' });
  expect(explained.steps.find(({ step }) => step === 'quota')).toMatchObject({
    verdict: 'refuse',
    policyId: 'standing:revoked',
  });
  expect(await statusOf(key)).toBe(401);
});

it('so are the keys of a suspended tenant', async () => {
  const key = await running.keyOn('premium', 'paused');
  await suspendTenant(running.admin, 'paused');
  const { exitCode, explained, verdicts } = await explain('--key', key, '--tool', 'search');
  expect({ exitCode, decidedBy: explained.decidedBy }).toEqual({
    exitCode: 1,
    decidedBy: 'authorizer',
  });
  expect(verdicts).toMatchObject({ authorizer: 'refuse', quota: 'refuse', policy: 'pass' });
  expect(await statusOf(key)).toBe(401);
});

it('a rule about arguments decides by the arguments, and a rule about tools whatever they are', async () => {
  const key = await running.keyOn('premium', 'ruled');
  const text = `
@id("few") @message("Ask for at most 5 at once.")
forbid (principal, action, resource == Drawbridge::Tool::"search")
when { context.args has limit && context.args.limit > 5 };
@id("no-fetch")
forbid (principal, action, resource == Drawbridge::Tool::"fetch");`;
  await setPolicies(running.admin, { tenant: 'ruled', text, by: 'test' });
  const asked = ['--key', keyIdOf(key), '--ip', '203.0.113.7', '--tool'];
  const few = await explain(...asked, 'search', '--args', '{"query":"plan","limit":5}');
  expect({ exitCode: few.exitCode, outcome: few.explained.outcome }).toEqual({
    exitCode: 0,
    outcome: 'served',
  });
  const many = await explain(...asked, 'search', '--args', '{"query":"plan","limit":6}');
  expect(many.explained).toMatchObject({ outcome: 'refused', decidedBy: 'policy' });
  expect(many.explained.steps.find(({ step }) => step === 'policy')).toMatchObject({
    policyId: 'policy:few',
    reason: expect.stringContaining('Ask for at most 5 at once.') as string,
  });
  const fetched = await explain(...asked, 'fetch');
  expect(fetched.explained).toMatchObject({ outcome: 'refused', decidedBy: 'policy' });
});

it('a plan that is used up is told with its window, and a smaller call may still fit', async () => {
  const key = await running.keyOn('trial', 'burnt');
  const second = new Date().getUTCSeconds();
  if (second > 40) await new Promise((resolve) => setTimeout(resolve, (60 - second) * 1000 + 50));
  expect(await statusOf(key)).toBe(200);
  const { verdicts } = await explain('--key', keyIdOf(key), '--tool', 'search', '--units', '50');
  expect(verdicts).toMatchObject({ quota: 'refuse', policy: 'pass' });
  await Promise.all(Array.from({ length: 49 }, () => statusOf(key)));
  const { exitCode, explained } = await explain('--key', keyIdOf(key), '--tool', 'search');
  expect({ exitCode, decidedBy: explained.decidedBy }).toEqual({ exitCode: 1, decidedBy: 'quota' });
  expect(explained.steps.find(({ step }) => step === 'quota')).toMatchObject({
    policyId: 'quota:minute',
    reason: expect.stringContaining('50 of 50 units of this minute used') as string,
  });
  expect(await statusOf(key)).toBe(429);
});

it('a tool that there is not is refused at the tool, and nothing is said of what comes after', async () => {
  const key = await running.keyOn('premium', 'lost');
  const { exitCode, explained, verdicts } = await explain(
    '--key',
    key,
    '--tool',
    'nothing-like-it',
  );
  expect({ exitCode, decidedBy: explained.decidedBy }).toEqual({ exitCode: 1, decidedBy: 'tool' });
  expect(verdicts).toMatchObject({ pin: 'not-known', policy: 'not-known', quota: 'pass' });
});

it('a signed caller is nobody until it is recorded', async () => {
  const { ciRole } = running.twin;
  if (ciRole === undefined) throw new Error('the template has no CI role');
  const asked = ['--principal', ciRole.roleArn, '--tool', 'search'];
  const unmapped = await explain(...asked);
  expect(unmapped.explained).toMatchObject({ outcome: 'refused', decidedBy: 'authorizer' });
  expect(unmapped.explained).not.toHaveProperty('tenant');
  await running.keyOn('premium', 'signed');
  await addPrincipal(running.admin, { arn: ciRole.roleArn, tenant: 'signed', role: 'readonly' });
  const mapped = await explain(...asked);
  expect(mapped.exitCode).toBe(0);
  expect(mapped.explained).toMatchObject({ tenant: 'signed', outcome: 'served' });
});

it('POST /admin/explain says the same', async () => {
  const { key, record } = await createKey(running.admin, { tenant: 'good', name: 'http' });
  const { operator, url } = running.twin;
  const signed = signedFetch({ region: operator.region, credentials: operator });
  const answer = await signed(`${url}/admin/explain`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key, tool: 'search', args: { query: 'plan' }, ip: '203.0.113.7' }),
  });
  const text = await answer.text();
  expect(answer.status).toBe(200);
  expect(z.looseObject({}).parse(JSON.parse(text))).toMatchObject({
    caller: record.keyId,
    tenant: 'good',
    outcome: 'served',
  });
  expect(text).not.toContain(key);
  expect(running.refusals).toEqual([]);
});
