import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { bearer, callOf, post, runTwin } from './support/running-twin.ts';

const search = callOf('search', { query: 'plan' });

it('with DynamoDB stopped nothing is allowed, answers come in bounded time, and service returns', async () => {
  await using running = await runTwin();
  const key = await running.keyOn('premium', 'acme');
  const other = await running.keyOn('premium', 'other');
  expect((await post(running.mcpUrl, search, bearer(key))).status).toBe(200);

  await running.twin.aws.dynamodb.stop();
  const startedAt = Date.now();
  const down = await post(running.mcpUrl, search, bearer(other));
  expect(down.status).toBe(503);
  expect(down.headers.get('retry-after')).toBe('5');
  expect(down.json?.code).toBe('UNAVAILABLE');
  expect(Date.now() - startedAt).toBeLessThan(8_000);

  await running.twin.aws.dynamodb.start();
  expect((await post(running.mcpUrl, search, bearer(other))).status).toBe(200);
});

it('tenants, keys and their hashes survive a restart of the twin', async () => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'drawbridge-twin-'));
  const first = await runTwin({ stateDirectory });
  const key = await first.keyOn('premium', 'acme');
  await first.stop();
  const second = await runTwin({ stateDirectory });
  expect((await post(second.mcpUrl, search, bearer(key))).status).toBe(200);
  await second.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

/** A copy of the application in which one action is taken out of every policy. */
const withoutAction = (action: string): string => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-cdk-out-'));
  cpSync(inject('cdkOut'), directory, { recursive: true });
  const templates = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.template.json'),
  );
  for (const file of templates) {
    const path = join(directory, file);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replaceAll(`"${action}"`, '"dynamodb:DescribeTable"'));
  }
  return directory;
};

it('an action taken out of a function’s policy is refused, naming function, action and resource', async () => {
  const cdkOut = withoutAction('dynamodb:GetItem');
  await using running = await runTwin({ cdkOut });
  const key = await running.keyOn('premium', 'acme');
  const answer = await post(running.mcpUrl, search, bearer(key));
  expect(answer.status).toBe(503);
  const refusal = running.refusals[0];
  expect(refusal?.action).toBe('dynamodb:GetItem');
  expect(refusal?.principal.displayName).toContain('AuthorizerFunction');
  expect(refusal?.resource).toMatch(/^arn:aws:dynamodb:us-east-1:\d{12}:table\//);
  await running.stop();
  expect(running.everythingWritten()).toContain('AccessDenied');
  rmSync(cdkOut, { recursive: true, force: true });
});

it('a resource that the twin does not implement is refused by name at the start', async () => {
  const cdkOut = mkdtempSync(join(tmpdir(), 'drawbridge-cdk-out-'));
  cpSync(inject('cdkOut'), cdkOut, { recursive: true });
  const file = readdirSync(cdkOut, { recursive: true, encoding: 'utf8' }).find((name) =>
    /Gateway.*\.template\.json$/.test(name),
  );
  const path = join(cdkOut, file ?? '');
  const template = JSON.parse(readFileSync(path, 'utf8')) as { Resources: object };
  template.Resources = { ...template.Resources, Queue: { Type: 'AWS::SQS::Queue' } };
  writeFileSync(path, JSON.stringify(template));
  await expect(runTwin({ cdkOut })).rejects.toThrow('AWS::SQS::Queue');
  rmSync(cdkOut, { recursive: true, force: true });
});
