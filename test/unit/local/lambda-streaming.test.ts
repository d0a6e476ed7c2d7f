import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StreamedInvokeResult } from '../../../local/lambda/function-service.ts';
import { bundle, eventually, functionArn, json, LambdaFixture } from './lambda-fixture.ts';

const STREAM = `
export const handler = awslambda.streamifyResponse(async (event, output, context) => {
  if (event.do === 'fail-first') throw new Error('before any byte');
  if (event.plain) output.setContentType('text/plain');
  else output = awslambda.HttpResponseStream.from(output, { statusCode: 201, headers: { a: 'b' } });
  for (let i = 0; i < (event.chunks ?? 3); i++) {
    output.write(event.fill ? 'z'.repeat(event.fill) : 'chunk' + i);
    if (event.gapMs) await new Promise((r) => setTimeout(r, event.gapMs));
    if (event.do === 'fail-later' && i === 1) throw new RangeError('in mid-stream');
    if (event.do === 'exit-later' && i === 1) process.exit(1);
  }
  console.log('wrote it all', context.awsRequestId);
  output.end();
});`;

let fixture: LambdaFixture;

beforeAll(async () => {
  fixture = new LambdaFixture([
    await bundle('stream', STREAM, { timeoutMs: 1500 }),
    await bundle('plain', 'export const handler = async () => ({ ok: true });'),
  ]);
});

afterAll(() => fixture[Symbol.asyncDispose]());

const call = (event: unknown, name = 'stream'): Promise<StreamedInvokeResult> =>
  fixture.service.invokeWithResponseStream(functionArn(name), json(event));

const stream = async (event: unknown, name?: string) => {
  const result = await call(event, name);
  if (result.kind !== 'stream') throw new Error(result.kind);
  return result;
};

describe('a streamed invocation', () => {
  it('begins with the metadata and eight NUL bytes', async () => {
    const { contentType, body } = await stream({});
    expect(contentType).toBe('application/vnd.awslambda.http-integration-response');
    expect(await text(body)).toBe(
      `{"statusCode":201,"headers":{"a":"b"}}${'\0'.repeat(8)}chunk0chunk1chunk2`,
    );
  });

  it('passes each chunk on when it is written', async () => {
    const { body } = await stream({ plain: true, gapMs: 150 });
    const arrivals: number[] = [];
    body.on('data', () => arrivals.push(Date.now()));
    await once(body, 'end');
    expect(arrivals).toHaveLength(3);
    expect(arrivals[2]! - arrivals[0]!).toBeGreaterThan(200);
  });

  it('carries megabytes to a slow reader in full', async () => {
    const { body } = await stream({ plain: true, chunks: 64, fill: 65_536 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await text(body)).length).toBe(64 * 65_536);
  });

  it('reports an error before the first byte as a function error', async () => {
    expect(await call({ do: 'fail-first' })).toMatchObject({
      kind: 'function-error',
      errorType: 'Error',
      errorMessage: 'before any byte',
    });
  });

  it.each([
    ['an error', 'fail-later', /RangeError: in mid-stream/],
    ['an exit', 'exit-later', /Runtime.ExitError/],
  ])('destroys the body at %s in mid-stream', async (_name, action, message) => {
    const { body } = await stream({ do: action, gapMs: 20 });
    await expect(text(body)).rejects.toThrow(message);
    expect((await stream({})).kind).toBe('stream');
  });

  it('destroys the body at the timeout', async () => {
    const { body } = await stream({ chunks: 100, gapMs: 100 });
    await expect(text(body)).rejects.toThrow(/Task timed out after 1\.50 seconds/);
  });

  it('lets the function run to its end when the reader leaves', async () => {
    const seen = fixture.log.lines('/aws/lambda/stream').length;
    const { body } = await stream({ plain: true, chunks: 40, fill: 65_536, gapMs: 5 });
    body.destroy();
    const finished = (): boolean =>
      fixture.log
        .lines('/aws/lambda/stream')
        .slice(seen)
        .some((line) => line.includes('wrote it all'));
    expect(await eventually(finished)).toBe(true);
    expect(fixture.service.stats()['Stack/stream']?.timeouts).toBe(1);
  });

  it('gives a plain function in one piece', async () => {
    expect(await text((await stream({}, 'plain')).body)).toBe('{"ok":true}');
  });

  it('is one payload for a buffered invoke', async () => {
    const result = await fixture.service.invoke(functionArn('stream'), json({ plain: true }));
    expect(result).toEqual({ kind: 'payload', payload: Buffer.from('chunk0chunk1chunk2') });
    const failed = await fixture.service.invoke(
      functionArn('stream'),
      json({ do: 'fail-later', gapMs: 20 }),
    );
    expect(failed).toMatchObject({ kind: 'function-error', errorType: 'RangeError' });
  });
});
