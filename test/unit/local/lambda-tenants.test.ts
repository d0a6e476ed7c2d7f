import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bundle, eventually, functionArn, isAlive, json, LambdaFixture } from './lambda-fixture.ts';

const TENANT = `
import { writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
let last;
export const handler = async (event, context) => {
  const before = last;
  last = context.tenantId;
  const file = join(tmpdir(), 'left-behind');
  const leftBehind = existsSync(file);
  writeFileSync(file, context.tenantId);
  if (event.slow) await new Promise((resolve) => setTimeout(resolve, event.slow));
  return { pid: process.pid, tenant: context.tenantId, before, leftBehind, tmp: tmpdir() };
};`;

interface Answer {
  readonly pid: number;
  readonly tenant: string;
  readonly before?: string;
  readonly leftBehind: boolean;
  readonly tmp: string;
}

const arn = functionArn('tenant');

const tenants = async (
  changes: Parameters<typeof bundle>[2] = {},
  options: ConstructorParameters<typeof LambdaFixture>[1] = {},
) =>
  new LambdaFixture([await bundle('tenant', TENANT, { isPerTenant: true, ...changes })], options);

const call = async (
  { service }: LambdaFixture,
  tenantId: string,
  event: object = {},
): Promise<Answer> => {
  const result = await service.invoke(arn, json(event), { tenantId });
  if (result.kind !== 'payload') throw new Error(JSON.stringify(result));
  return JSON.parse(result.payload.toString()) as Answer;
};

describe('a function with tenant isolation', () => {
  it('keeps a sandbox for each tenant, with a temporary directory of its own', async () => {
    await using fixture = await tenants();
    const [blue, red] = [await call(fixture, 'blue'), await call(fixture, 'red')];
    expect(blue.pid).not.toBe(red.pid);
    expect(blue.tmp).not.toBe(red.tmp);
    expect(red).toMatchObject({ tenant: 'red', leftBehind: false });
    expect(red).not.toHaveProperty('before');
    expect(await call(fixture, 'blue')).toEqual({ ...blue, before: 'blue', leftBehind: true });
    expect(fixture.service.stats()['Stack/tenant']).toMatchObject({
      invocations: 3,
      coldStarts: 2,
      sandboxes: 2,
      idle: 2,
    });
  });

  it('never gives one tenant the sandbox of another, however few there may be', async () => {
    await using fixture = await tenants({}, { maxSandboxesPerFunction: 2 });
    const names = ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd'];
    const answers = await Promise.all(names.map((name) => call(fixture, name)));
    expect(answers.map(({ tenant }) => tenant)).toEqual(names);
    const owners = new Map<number, Set<string>>();
    for (const { pid, tenant, before = tenant } of answers) {
      expect(before).toBe(tenant);
      owners.set(pid, (owners.get(pid) ?? new Set()).add(tenant));
    }
    expect([...owners.values()].every((set) => set.size === 1)).toBe(true);
    expect(fixture.service.stats()['Stack/tenant']?.sandboxes).toBeLessThanOrEqual(2);
  });

  it('stops the sandbox that lay idle longest when another tenant needs its place', async () => {
    await using fixture = await tenants({}, { maxSandboxesPerFunction: 2 });
    const [first, second] = [await call(fixture, 'a'), await call(fixture, 'b')];
    await call(fixture, 'c');
    expect(await eventually(() => !isAlive(first.pid))).toBe(true);
    expect(isAlive(second.pid)).toBe(true);
    expect(await eventually(() => !existsSync(first.tmp))).toBe(true);
  });

  it('waits for a busy one when every place is taken, and gets it then', async () => {
    await using fixture = await tenants({}, { maxSandboxesPerFunction: 1 });
    const slow = call(fixture, 'a', { slow: 300 });
    const other = await call(fixture, 'b');
    expect(other.tenant).toBe('b');
    expect((await slow).pid).not.toBe(other.pid);
  });

  it('counts the events of all tenants against its reserved concurrency', async () => {
    await using fixture = await tenants({ reservedConcurrency: 1 });
    const slow = call(fixture, 'a', { slow: 300 });
    const second = await fixture.service.invoke(arn, json({}), { tenantId: 'b' });
    expect(second.kind).toBe('throttled');
    await slow;
    expect((await call(fixture, 'b')).tenant).toBe('b');
  });

  it('forgets the tenants whose sandboxes are gone, and not what they counted', async () => {
    await using fixture = await tenants({}, { idleTimeoutMs: 30 });
    const { pid } = await call(fixture, 'a');
    expect(await eventually(() => !isAlive(pid))).toBe(true);
    await call(fixture, 'a');
    await expect
      .poll(() => fixture.service.stats()['Stack/tenant'])
      .toMatchObject({ invocations: 2, coldStarts: 2, sandboxes: 0 });
  });
});
