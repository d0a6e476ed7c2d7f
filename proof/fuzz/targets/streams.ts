import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { EventStreamCodec } from '@smithy/core/event-streams';
import fc from 'fast-check';
import { chainedLine, isAuthentic, readChainedLine } from '../../../src/audit/chain-line.ts';
import { EventStreamReader } from '../../../src/aws/event-stream.ts';
import { HandshakeError } from '../../../src/handshake/mcp-result.ts';
import { readStreamedAnswer } from '../../../src/handshake/streamed-answer.ts';
import { MessageLines } from '../../../src/sandbox/message-lines.ts';
import { ByteLines } from '../../../src/upstreams/byte-lines.ts';
import { cutInto, mutated, target, textOf, type FuzzTarget } from '../target.ts';

const cuts = fc.array(fc.nat({ max: 4_000 }), { maxLength: 6 });

const lines = target({
  name: 'src/upstreams/byte-lines.ts',
  property: 'the lines are those of a split, however the bytes are cut, also within a character',
  arbitrary: fc.record({
    text: fc.string({ unit: fc.constantFrom('\n', '\r', 'a', 'é', '😀', '\u2028') }),
    cuts,
  }),
  check: ({ text, cuts: at }) => {
    const reader = new ByteLines(1_000_000);
    const read = cutInto(Buffer.from(text), at).flatMap((chunk) => [...reader.read(chunk)]);
    assert.deepEqual(read, text.split('\n').slice(0, -1));
  },
});

const messages = target({
  name: 'src/sandbox/message-lines.ts',
  property: 'messages are the same however the bytes are cut; all else is counted',
  arbitrary: fc.record({
    sent: fc.array(
      fc.oneof(
        fc.record({ jsonrpc: fc.constantFrom('2.0', '1.0'), id: fc.integer() }),
        fc.jsonValue(),
        fc.constant(undefined),
      ),
      { maxLength: 6 },
    ),
    cuts,
  }),
  check: ({ sent, cuts: at }) => {
    const texts = sent.map((one) => (one === undefined ? 'Server is ready' : JSON.stringify(one)));
    const bytes = Buffer.from(texts.map((text) => `${text}\n`).join(''));
    const reader = new MessageLines(1_000_000);
    const read = cutInto(bytes, at).flatMap((chunk) => [...reader.read(chunk)]);
    const items = texts.flatMap((text): readonly unknown[] => {
      if (text === 'Server is ready') return [undefined];
      const value = JSON.parse(text) as unknown;
      return Array.isArray(value) ? value : [value];
    });
    const isMessage = (item: unknown) =>
      (item as { jsonrpc?: unknown } | null | undefined)?.jsonrpc === '2.0';
    assert.deepEqual(read, items.filter(isMessage));
    assert.equal(reader.garbageLines, items.length - read.length);
  },
});

const codec = new EventStreamCodec(
  (bytes) => Buffer.from(bytes as Uint8Array).toString(),
  (text) => Buffer.from(text),
);

const events = target({
  name: 'src/aws/event-stream.ts',
  property:
    'messages are those that were sent, however they are cut; one byte changed is never another message',
  arbitrary: fc.record({
    bodies: fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 1, maxLength: 4 }),
    cuts,
    flip: fc.nat({ max: 4_000 }),
  }),
  check: ({ bodies, cuts: at, flip }) => {
    const encoded = bodies.map((body) =>
      Buffer.from(
        codec.encode({
          headers: { ':event-type': { type: 'string', value: 'PayloadChunk' } },
          body: Buffer.from(body),
        }),
      ),
    );
    const bytes = Buffer.concat(encoded);
    const read = (all: Buffer) => {
      const reader = new EventStreamReader(100_000);
      return cutInto(all, at)
        .flatMap((chunk) => [...reader.read(chunk)])
        .map(({ body }) => Buffer.from(body).toString());
    };
    const expected = bodies.map((body) => Buffer.from(body).toString());
    assert.deepEqual(read(bytes), expected);
    const changed = Buffer.from(bytes);
    const place = flip % changed.length;
    changed[place] = (changed[place] ?? 0) ^ 0x01;
    try {
      for (const [index, body] of read(changed).entries()) assert.equal(body, expected[index]);
    } catch (error) {
      assert.ok(!(error instanceof assert.AssertionError), String(error));
    }
  },
});

const answers = target({
  name: 'src/handshake/streamed-answer.ts',
  property: 'head and body come back however they are cut; what is no answer is a HandshakeError',
  arbitrary: fc.record({
    status: fc.integer({ min: 100, max: 599 }),
    headers: fc.dictionary(fc.stringMatching(/^[a-z-]{1,12}$/), fc.string(), { maxKeys: 4 }),
    body: fc.string({ unit: 'grapheme' }),
    text: textOf('{}"statusCode:200,\u0000'),
    cuts,
  }),
  check: async ({ status, headers, body, text, cuts: at }) => {
    async function* chunksOf(bytes: Buffer) {
      yield* cutInto(bytes, at);
    }
    const head = JSON.stringify({ statusCode: status, headers });
    const sent = Buffer.concat([Buffer.from(head), Buffer.alloc(8), Buffer.from(body)]);
    const read = await readStreamedAnswer(chunksOf(sent));
    assert.equal(JSON.stringify(read), JSON.stringify({ status, headers, body }));
    await readStreamedAnswer(chunksOf(Buffer.from(text))).catch((error: unknown) => {
      assert.ok(error instanceof HandshakeError, String(error));
    });
  },
});

const key = createSecretKey(Buffer.alloc(32, 'k'));
const fields = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,8}$/).filter((name) => name !== 'level' && name !== 'timestamp'),
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.constant(null),
    textOf('",:{}[]chainmac\\'),
  ),
  { minKeys: 1, maxKeys: 5 },
);

const chain = target({
  name: 'src/audit/chain-line.ts',
  property:
    'a line is read back and is authentic, also with what Lambda adds; one character changed, and it is not',
  arbitrary: fc.record({
    fields,
    seq: fc.nat(),
    at: fc.nat({ max: 2_000 }),
    by: fc.string({ minLength: 1, maxLength: 1 }),
    text: textOf('{}",:chain'),
  }),
  check: ({ fields: record, seq, at, by, text }) => {
    const link = { id: 'mb1.x', seq, prev: '' };
    const line = chainedLine(record, link, key);
    assert.equal(Object.hasOwn(JSON.parse(line) as object, 'chain'), true);
    for (const written of [
      line,
      `${line}\n`,
      line.replace(/^\{/u, '{"level":"INFO","timestamp":"2026-11-28T00:00:00.000Z",'),
    ]) {
      const read = readChainedLine(written);
      assert.ok(read !== undefined && isAuthentic(read, [key]), written);
      assert.deepEqual([read.id, read.seq, read.line], ['mb1.x', seq, line]);
    }
    const other = mutated(line, at, by);
    const changed = readChainedLine(other);
    if (other.trimEnd() !== line && changed !== undefined) {
      assert.ok(!isAuthentic(changed, [key]) || changed.line === line, other);
    }
    readChainedLine(text);
  },
});

export const streamTargets: readonly FuzzTarget[] = [lines, messages, events, answers, chain];
