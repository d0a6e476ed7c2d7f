import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { bundle, eventually, functionArn, isAlive, json, LambdaFixture } from './lambda-fixture.ts';

/** Reports its pid and that of a child that outlives it; then idles, or never yields. */
const NEST = `
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
export const handler = async (event) => {
  const child = spawn('sleep', ['120'], { stdio: 'ignore' });
  if (event.spinFile) {
    appendFileSync(event.spinFile, process.pid + ' ' + child.pid + '\\n');
    for (;;);
  }
  return [process.pid, child.pid];
};`;

const pids = async (fixture: LambdaFixture): Promise<number[]> => {
  const result = await fixture.service.invoke(functionArn('nest'), json({}));
  if (result.kind !== 'payload') throw new Error(result.kind);
  return JSON.parse(result.payload.toString()) as number[];
};

/** A twin of its own process, to be killed. It prints the pids that its function reports. */
const startTwin = async (codeDirectory: string, event: unknown): Promise<ChildProcess> => {
  const room = new URL('../../../local/', import.meta.url).href;
  const script = `
    import { LambdaService } from '${room}lambda/lambda-service.ts';
    import { MemoryLogSink } from '${room}log/memory-log-sink.ts';
    const arn = '${functionArn('nest')}';
    const service = new LambdaService({
      functions: [{ arn, name: 'nest', displayName: 'nest', codeDirectory: ${JSON.stringify(codeDirectory)},
        handler: 'index.handler', timeoutMs: 60000, memoryMb: 256, roleArn: '', logGroupName: 'g', environment: {} }],
      log: new MemoryLogSink(),
      awsEnvironment: () => ({}),
    });
    const result = await service.invoke(arn, Buffer.from(${JSON.stringify(JSON.stringify(event))}));
    console.log(result.payload.toString());
    setInterval(() => {}, 1000);`;
  return spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
};

describe('the end of sandboxes', () => {
  it('close() leaves no process, nor what a function started', async () => {
    const fixture = new LambdaFixture([await bundle('nest', NEST)]);
    const started = await pids(fixture);
    expect(started.every(isAlive)).toBe(true);
    await fixture[Symbol.asyncDispose]();
    expect(await eventually(() => !started.some(isAlive))).toBe(true);
    await expect(fixture.service.invoke(functionArn('nest'), json({}))).rejects.toThrow(/stopping/);
  });

  it('close() ends a start that is under way', async () => {
    const fixture = new LambdaFixture([await bundle('nest', NEST)]);
    const result = fixture.service.invoke(functionArn('nest'), json({}));
    await fixture[Symbol.asyncDispose]();
    expect(await result).toMatchObject({ kind: 'function-error', errorType: 'Runtime.ExitError' });
  });

  it('an idle sandbox is stopped after its time, and the next event starts a new one', async () => {
    await using fixture = new LambdaFixture([await bundle('nest', NEST)], { idleTimeoutMs: 50 });
    const [first = 0] = await pids(fixture);
    expect(await eventually(() => !isAlive(first))).toBe(true);
    expect((await pids(fixture))[0]).not.toBe(first);
    expect(fixture.service.stats()['Stack/nest']).toMatchObject({ coldStarts: 2, sandboxes: 1 });
  });

  it('a sandbox that was killed while idle is not used again', async () => {
    await using fixture = new LambdaFixture([await bundle('nest', NEST)]);
    const [first = 0] = await pids(fixture);
    process.kill(first, 'SIGKILL');
    await eventually(() => fixture.service.stats()['Stack/nest']?.sandboxes === 0);
    expect((await pids(fixture))[0]).not.toBe(first);
  });

  it('kill -9 of the twin leaves no sandbox', async () => {
    const { codeDirectory } = await bundle('nest', NEST);
    const twin = await startTwin(codeDirectory, {});
    const [line] = (await once(createInterface(twin.stdout!), 'line')) as [string];
    const started = JSON.parse(line) as number[];
    expect(started.every(isAlive)).toBe(true);
    twin.kill('SIGKILL');
    expect(await eventually(() => !started.some(isAlive))).toBe(true);
    rmSync(codeDirectory, { recursive: true });
  });

  it('kill -9 of the twin ends even a function that never yields', async () => {
    const { codeDirectory } = await bundle('nest', NEST);
    const spinFile = `${codeDirectory}/pids`;
    const twin = await startTwin(codeDirectory, { spinFile });
    expect(await eventually(() => existsSync(spinFile))).toBe(true);
    const started = readFileSync(spinFile, 'utf8').trim().split(' ').map(Number);
    expect(started.every(isAlive)).toBe(true);
    twin.kill('SIGKILL');
    expect(await eventually(() => !started.some(isAlive))).toBe(true);
    rmSync(codeDirectory, { recursive: true });
  });
});
