import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventStreamCodec } from '@smithy/core/event-streams';
import { afterEach, describe, expect, it } from 'vitest';
import { createInvokeFunction, type InvokeFunction } from '../../src/aws/invoke-function.ts';

describe('the stream of an invocation', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  const codec = new EventStreamCodec(
    (bytes) => Buffer.from(bytes as Uint8Array).toString(),
    (text) => Buffer.from(text),
  );
  const event = (type: string, body: string, messageType = 'event'): Buffer =>
    Buffer.from(
      codec.encode({
        headers: {
          [messageType === 'event' ? ':event-type' : ':exception-type']: {
            type: 'string',
            value: type,
          },
          ':message-type': { type: 'string', value: messageType },
        },
        body: Buffer.from(body),
      }),
    );

  const invokeOf = async (answer: (response: ServerResponse) => void) => {
    const server = createServer((request, response) => {
      request.resume().on('end', () => answer(response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return createInvokeFunction({
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${port}`,
    });
  };

  const read = async (invoke: InvokeFunction): Promise<string> => {
    const chunks: Uint8Array[] = [];
    const signal = AbortSignal.timeout(5_000);
    const input = { functionName: 'wire', tenantId: 'blue', payload: '{}', signal };
    for await (const chunk of invoke(input)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };

  const whole = Buffer.concat([
    event('PayloadChunk', 'one'),
    event('PayloadChunk', 'two'),
    event('InvokeComplete', '{}'),
  ]);

  it('is read wherever it is cut', async () => {
    const invoke = await invokeOf((response) => {
      const send = (at: number): void => {
        if (at >= whole.length) return void response.end();
        response.write(whole.subarray(at, at + 7));
        setImmediate(send, at + 7);
      };
      send(0);
    });
    expect(await read(invoke)).toBe('onetwo');
  });

  it.each([
    ['without its last event', event('PayloadChunk', 'one')],
    ['cut in the midst of an event', whole.subarray(0, -5)],
  ])('is an error %s', async (_, bytes) => {
    const invoke = await invokeOf((response) => response.end(bytes));
    await expect(read(invoke)).rejects.toMatchObject({ name: 'Unreachable' });
  });

  it.each([
    ['with a flipped bit', Buffer.from(whole.map((byte, at) => (at === 60 ? byte ^ 1 : byte)))],
    ['that is none', Buffer.from('<html>and nothing else</html>')],
  ])('is an error %s', async (_, bytes) => {
    const invoke = await invokeOf((response) => response.end(bytes));
    await expect(read(invoke)).rejects.toThrow();
  });

  it('may end with an exception of Lambda', async () => {
    const invoke = await invokeOf((response) =>
      response.end(event('ServiceException', '{}', 'exception')),
    );
    await expect(read(invoke)).rejects.toMatchObject({ name: 'ServiceException' });
  });

  it('says the refusal of Lambda by its type', async () => {
    const invoke = await invokeOf((response) =>
      response.writeHead(429, { 'x-amzn-errortype': 'TooManyRequestsException:x' }).end('{}'),
    );
    await expect(read(invoke)).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      status: 429,
    });
  });
});
