import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import {
  aboutBytes as about,
  body,
  hidden,
  length,
  lines,
  listener,
  message,
  statusesOf,
} from '../raw-request.ts';
import type { Scene } from '../scene.ts';

/** Bytes that are answered once, with this status, and with no tool behind them. */
const bytes = (facts: AttackFacts, make: (scene: Scene) => string, status: number): Attack => ({
  ...facts,
  run: async (scene) => {
    const before = scene.traffic();
    const replies = await scene.raw(make(scene));
    assert.deepEqual(statusesOf(replies), [status], replies.map(({ text }) => text).join('\n'));
    assert.equal(scene.traffic().mcp, before.mcp, 'the function ran');
  },
});

export const smugglingAttacks: readonly Attack[] = [
  bytes(
    about('cl-te', 'Content-Length and Transfer-Encoding together', listener),
    (scene) =>
      message(
        lines(scene, ['Content-Length: 6', 'Transfer-Encoding: chunked']),
        `0\r\n\r\n${hidden(scene)}`,
      ),
    400,
  ),
  bytes(
    about('te-cl', 'Transfer-Encoding and a longer Content-Length', listener),
    (scene) =>
      message(
        lines(scene, ['Transfer-Encoding: chunked', 'Content-Length: 4']),
        `5c\r\n${hidden(scene)}\r\n0\r\n\r\n`,
      ),
    400,
  ),
  bytes(
    about('te-te', 'Transfer-Encoding twice, one of them nonsense', listener),
    (scene) =>
      message(
        lines(scene, ['Transfer-Encoding: chunked', 'Transfer-Encoding: cow', 'Connection: close']),
        `0\r\n\r\n${hidden(scene)}`,
      ),
    400,
  ),
  bytes(
    about('content-length-twice', 'two lengths', listener),
    (scene) =>
      message(
        lines(scene, ['Content-Length: 0', `Content-Length: ${length}`]),
        body + hidden(scene),
      ),
    400,
  ),
  bytes(
    about('content-length-list', 'a length that is a list', listener),
    (scene) => message(lines(scene, [`Content-Length: ${length}, 0`]), body + hidden(scene)),
    400,
  ),
  bytes(
    about('content-length-sign', 'a length with a sign', listener),
    (scene) => message(lines(scene, [`Content-Length: +${length}`]), body),
    400,
  ),
  bytes(
    about('space-before-colon', 'a space between name and colon', listener),
    (scene) => message(lines(scene, [`Content-Length : ${length}`]), body),
    400,
  ),
  bytes(
    about('obs-fold', 'a header that goes on in the next line', listener),
    (scene) =>
      message(
        lines(scene, [
          'X-Note: a',
          ` Authorization: Bearer ${scene.beta}`,
          `Content-Length: ${length}`,
          'Connection: close',
        ]).filter((line) => !line.startsWith('Authorization')),
        body,
      ),
    400,
  ),
  bytes(
    about('nul', 'a NUL in a header', listener),
    (scene) => message(lines(scene, ['X-Note: a\0b', `Content-Length: ${length}`]), body),
    400,
  ),
  bytes(
    about('bare-lf', 'line ends without CR', listener),
    (scene) => message(lines(scene, [`Content-Length: ${length}`]), body).replaceAll('\r\n', '\n'),
    400,
  ),
  bytes(
    about('chunk-size', 'a chunk size that overflows', listener),
    (scene) =>
      message(
        lines(scene, ['Transfer-Encoding: chunked', 'Connection: close']),
        `fffffffffffffffff\r\n${body}\r\n0\r\n\r\n`,
      ),
    400,
  ),
  bytes(
    about('no-host', 'HTTP/1.1 without Host', listener),
    (scene) =>
      message(
        lines(scene, [`Content-Length: ${length}`]).filter((line) => !line.startsWith('Host')),
        body,
      ),
    400,
  ),
  bytes(
    about(
      'large-head',
      '20 KB of headers',
      'API Gateway: 10,240 bytes of request line and headers (local/gateway/pipeline.ts)',
    ),
    (scene) =>
      message(
        lines(scene, [
          `X-Note: ${'x'.repeat(20_000)}`,
          `Content-Length: ${length}`,
          'Connection: close',
        ]),
        body,
      ),
    431,
  ),
];
