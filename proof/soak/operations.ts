import { randomUUID } from 'node:crypto';
import { bearerLane, callOf, type Send } from '../chaos/lanes.ts';

/** One request, and what must come of it. */
export interface Operation {
  readonly lane: string;
  readonly what: string;
  readonly send: Send;
  readonly message: () => object;
  /** Whether it is one of those that are made to fail. */
  readonly isProvoked: boolean;
  readonly status: number;
  /** In the body, whole; a function of what was sent. */
  readonly contains: (message: object) => string;
}

export interface Found {
  /** Of the stdio server; takes no arguments. */
  readonly prompt: string;
  readonly resource: string;
}

const request = (method: string, params: object = {}) => ({
  jsonrpc: '2.0',
  id: 1,
  method,
  params,
});

const echo = (name: string, argument: 'text' | 'message') => {
  const message = () => callOf(name, { [argument]: randomUUID() });
  const contains = (sent: object): string => {
    const { params } = sent as { params: { arguments: Record<string, string> } };
    return params.arguments[argument] ?? '';
  };
  return { what: name, message, contains };
};

const fixed = (what: string, message: object, contains: string) => ({
  what,
  message: () => message,
  contains: () => contains,
});

const right = [
  fixed('search', callOf('search', { query: 'plan', limit: 2 }), '\\"results\\"'),
  fixed('tools/list', request('tools/list'), '"search"'),
  echo('everything_echo', 'message'),
  echo('legacy_echo', 'text'),
  echo('modern_echo', 'text'),
  echo('sse_echo', 'text'),
  echo('rest_echo', 'text'),
  fixed('prompts/list', request('prompts/list'), '"prompts"'),
  fixed('resources/list', request('resources/list'), '"resources"'),
  fixed('ping', request('ping'), '"result":{}'),
];

const provoked = [
  { ...fixed('an unknown tool', callOf('no-such-tool', {}), '"code":-32602'), status: 200 },
  { ...fixed('bad arguments', callOf('search', { query: 7 }), 'Invalid arguments'), status: 200 },
];

/** Every lane does everything; a wrong key has a lane of its own. */
export const operationsOf = (
  lanes: Readonly<Record<string, Send>>,
  mcpUrl: string,
  { prompt, resource }: Found,
): readonly Operation[] => {
  const all = [
    ...right,
    fixed('prompts/get', request('prompts/get', { name: prompt }), '"messages"'),
    fixed('resources/read', request('resources/read', { uri: resource }), '"contents"'),
  ];
  const wrongKey = bearerLane(mcpUrl, () => `smcp_local_00000000${'A'.repeat(43)}`);
  const ofLanes = Object.entries(lanes).flatMap(([lane, send]): Operation[] => [
    ...all.map((one) => ({ ...one, lane, send, status: 200, isProvoked: false })),
    ...provoked.map((one) => ({ ...one, lane, send, isProvoked: true })),
  ]);
  return [
    ...ofLanes,
    {
      ...fixed('a wrong key', callOf('search', { query: 'plan' }), '"UNAUTHENTICATED"'),
      lane: 'wrong key',
      send: wrongKey,
      status: 401,
      isProvoked: true,
    },
  ];
};
