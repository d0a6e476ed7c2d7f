import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { bundle, eventually, functionArn, isAlive, json, LambdaFixture } from './lambda-fixture.ts';

/** Starts a process in a group of its own, as the host of stdio servers does, and one below it. */
const GROUPS = `
import { spawn } from 'node:child_process';
export const handler = async () => {
  const child = spawn('/bin/sh', ['-c', 'sleep 300 & echo $!; wait'], {
    detached: true, stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = await new Promise((resolve) => child.stdout.once('data', (data) => resolve([String(data)])));
  return { pid: process.pid, started: [child.pid, Number(line)] };
};`;

interface Started {
  readonly pid: number;
  readonly started: readonly number[];
}

const start = async (fixture: LambdaFixture): Promise<Started> => {
  const result = await fixture.service.invoke(functionArn('groups'), json({}));
  if (result.kind !== 'payload') throw new Error(result.kind);
  const answer = JSON.parse(result.payload.toString()) as Started;
  expect(answer.started.every(isAlive)).toBe(true);
  return answer;
};

describe('process groups that a function starts', () => {
  it('end with its sandbox when that is stopped', async () => {
    const fixture = new LambdaFixture([await bundle('groups', GROUPS)]);
    const { started } = await start(fixture);
    await fixture[Symbol.asyncDispose]();
    expect(await eventually(() => !started.some(isAlive))).toBe(true);
  });

  it('end with its sandbox when that is killed', async () => {
    await using fixture = new LambdaFixture([await bundle('groups', GROUPS)]);
    const { pid, started } = await start(fixture);
    process.kill(pid, 'SIGKILL');
    expect(await eventually(() => !started.some(isAlive))).toBe(true);
  });

  it('end with the twin when that is killed', async () => {
    const { codeDirectory } = await bundle('groups', GROUPS);
    const room = new URL('../../../local/', import.meta.url).href;
    const script = `
      import { LambdaService } from '${room}lambda/lambda-service.ts';
      import { MemoryLogSink } from '${room}log/memory-log-sink.ts';
      const arn = '${functionArn('groups')}';
      const service = new LambdaService({
        functions: [{ arn, name: 'groups', displayName: 'groups', codeDirectory: ${JSON.stringify(codeDirectory)},
          handler: 'index.handler', timeoutMs: 60000, memoryMb: 256, roleArn: '', logGroupName: 'g', environment: {} }],
        log: new MemoryLogSink(),
        awsEnvironment: () => ({}),
      });
      const result = await service.invoke(arn, Buffer.from('{}'));
      console.log(result.payload.toString());
      setInterval(() => {}, 1000);`;
    const twin = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(createInterface(twin.stdout), 'line')) as [string];
    const { started } = JSON.parse(line) as Started;
    twin.kill('SIGKILL');
    expect(await eventually(() => !started.some(isAlive))).toBe(true);
    rmSync(codeDirectory, { recursive: true, force: true });
  });
});
