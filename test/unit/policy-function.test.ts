import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { openPolicies } from '../../lambdas/mcp/policies.ts';
import { defaultPolicies } from '../../src/policy/default-policies.ts';
import { aCaller, aTool } from './support/policies.ts';
import { tempFolder } from './support/temp-dir.ts';

const tool = aTool('drop', { destructive: true });
const item = {
  pk: 'POLICY#acme#3',
  tenant: 'acme',
  version: 3,
  text: 'forbid (principal, action, resource) when { resource.destructive };',
  createdAt: '2026-11-28T00:00:00Z',
  createdBy: 'arn:aws:iam::111122223333:role/ops',
};

const opened = (policies: unknown) => {
  const taskRoot = tempFolder({ 'policies.json': JSON.stringify(policies) });
  const sent: unknown[] = [];
  const decider = openPolicies({
    taskRoot,
    tableName: 'Registry',
    dynamodb: async (operation, input) => {
      sent.push([operation, input]);
      return { Item: marshall(item) };
    },
  });
  return { decider, sent, taskRoot };
};

describe('the policies of the function', () => {
  it('are the shipped ones without a read', async () => {
    const { decider, sent } = opened({ base: 'default' });
    expect(await decider.decide(aCaller(), tool, {})).toEqual({ kind: 'allow' });
    expect(sent).toEqual([]);
  });

  it('are those of the tenant by one strongly consistent read of its version', async () => {
    const { decider, sent } = opened({ base: 'default' });
    const caller = aCaller({ policyVersion: 3 });
    expect(await decider.decide(caller, tool, {})).toEqual({
      kind: 'deny',
      policyId: 'policy:policy0',
    });
    expect((await decider.listable(caller, [tool])).size).toBe(0);
    expect(sent).toEqual([
      [
        'GetItem',
        { TableName: 'Registry', Key: { pk: { S: 'POLICY#acme#3' } }, ConsistentRead: true },
      ],
    ]);
  });

  it('are those of the deployment, as they were built', async () => {
    const { decider } = opened({ base: 'text', text: `${defaultPolicies}${item.text}` });
    expect(await decider.decide(aCaller(), tool, {})).toMatchObject({
      kind: 'deny',
      policyId: 'policy:base/policy2',
    });
  });

  it('a record that is not the one that was asked for decides nothing', async () => {
    const { decider } = opened({ base: 'default' });
    await expect(decider.decide(aCaller({ policyVersion: 4 }), tool, {})).rejects.toThrow();
  });

  it('a file that is not there fails the call, until it is', async () => {
    const { decider, taskRoot } = opened({ base: 'default' });
    const file = join(taskRoot, 'policies.json');
    rmSync(file);
    await expect(decider.decide(aCaller(), tool, {})).rejects.toThrow();
    writeFileSync(file, '{"base":"default"}');
    expect(await decider.decide(aCaller(), tool, {})).toEqual({ kind: 'allow' });
  });
});
