import type { AttackFacts } from './attack.ts';
import { callOf } from './scene-types.ts';
import type { Scene } from './scene.ts';
import type { Reply } from './wire.ts';

export const aboutBytes = (id: string, attack: string, rule: string): AttackFacts => ({
  id: `smuggling/${id}`,
  category: 'API8 misconfiguration',
  family: 'request smuggling and twisted headers, byte by byte',
  attack,
  rule,
});
export const listener =
  "twin's listener, as API Gateway's front: 400 and the connection ends (local/gateway/http-listener.ts)";
export const body = JSON.stringify(callOf('search', { query: 'plan' }));
export const length = Buffer.byteLength(body);

export const lines = (
  scene: Scene,
  more: readonly string[],
  key = scene.acme,
): readonly string[] => [
  'POST /mcp HTTP/1.1',
  `Host: ${new URL(scene.url).host}`,
  `Authorization: Bearer ${key}`,
  'Content-Type: application/json',
  ...more,
];
export const message = (head: readonly string[], text: string): string =>
  `${head.join('\r\n')}\r\n\r\n${text}`;

/** A second request that must never be answered: it lists with beta's key. */
export const hidden = (scene: Scene): string =>
  message(
    [
      'GET /tools HTTP/1.1',
      `Host: ${new URL(scene.url).host}`,
      `Authorization: Bearer ${scene.beta}`,
    ],
    '',
  );

export const statusesOf = (replies: readonly Reply[]): readonly number[] =>
  replies.map(({ status }) => status);
