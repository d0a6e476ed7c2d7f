import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { errand, namesOf, toolText, type Seen } from './seen.ts';

const recording = z.object({
  about: z.string(),
  sources: z.array(z.string()).min(1),
  requests: z.array(
    z.object({
      what: z.string(),
      method: z.enum(['POST', 'GET']),
      status: z.number(),
      /** In the order and spelling of the wire; `{host}`, `{credential}` and `{length}` are filled in. */
      headers: z.array(z.tuple([z.string(), z.string()])),
      body: z.string(),
    }),
  ),
});

type Recorded = z.infer<typeof recording>['requests'][number];

export const readRecording = (name: string) =>
  recording.parse(
    JSON.parse(readFileSync(join(import.meta.dirname, 'recordings', `${name}.json`), 'utf8')),
  );

const send = (
  url: URL,
  credential: string,
  { method, headers, body }: Recorded,
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const filled = headers.flatMap(([name, value]) => [
      name,
      value
        .replace('{host}', url.host)
        .replace('{credential}', credential)
        .replace('{length}', String(Buffer.byteLength(body))),
    ]);
    request(url, { method, headers: filled, agent: false }, resolve)
      .once('error', reject)
      .end(body);
  });

/** The answer's one message, which may come as an event. */
const messageIn = (answer: string): { result?: unknown } => {
  const data = answer.split('\n').filter((line) => line.startsWith('data: '));
  return JSON.parse(data.at(-1)?.slice('data: '.length) ?? answer) as { result?: unknown };
};

/**
 * Sends the recorded requests, each after the answer to the one before, and reads what a client would of the answers.
 * @throws AssertionError when one has another status than is recorded, or no result.
 */
export const replay = async (name: string, mcpUrl: string, credential: string): Promise<Seen> => {
  const results = new Map<string, unknown>();
  for (const recorded of readRecording(name).requests) {
    const answer = await send(new URL(mcpUrl), credential, recorded);
    const body = await text(answer);
    assert.equal(answer.statusCode, recorded.status, `${recorded.what}: ${body.slice(0, 300)}`);
    // Its tools/call comes without the session id that it was given.
    assert.equal(answer.headers['mcp-session-id'], undefined);
    if (recorded.status !== 200) continue;
    const { result } = messageIn(body);
    assert.ok(result, `${recorded.what}: ${body.slice(0, 300)}`);
    results.set(recorded.what, result);
  }
  const { tools } = results.get('tools/list') as { tools: { name: string }[] };
  const opening = results.get('initialize') as { protocolVersion: string } | undefined;
  const discovered = results.get('server/discover') as { supportedVersions: string[] } | undefined;
  const protocolVersion = opening?.protocolVersion ?? discovered?.supportedVersions[0];
  return {
    ...(protocolVersion === undefined ? {} : { protocolVersion }),
    tools: namesOf(tools),
    search: toolText(results.get(`tools/call ${errand.search.name}`)),
    echo: toolText(results.get(`tools/call ${errand.echo.name}`)),
  };
};
