import { randomUUID } from 'node:crypto';
import { timedCall, type Ended } from '../client-call.ts';
import {
  patienceMs,
  sandboxTimeoutMs,
  upstreamTimeoutMs,
  type ChaosRig,
  type ProxyName,
} from '../chaos-rig.ts';
import { Tally, type ChaosEntry } from '../entry.ts';
import { faultKinds, faultTexts, type FaultKind } from '../fault-proxy.ts';

interface Kind {
  readonly name: string;
  readonly text: string;
  readonly proxy: ProxyName;
  readonly argument: 'text' | 'message';
  readonly timeoutMs: number;
}

const kinds: readonly Kind[] = [
  {
    name: 'everything',
    text: 'Lambda before a stdio sandbox',
    proxy: 'lambda',
    argument: 'message',
    timeoutMs: sandboxTimeoutMs,
  },
  ...(
    [
      ['legacy', 'HTTP upstream of 2025'],
      ['modern', 'HTTP upstream of 2026'],
      ['sse', 'SSE upstream'],
      ['rest', 'OpenAPI backend'],
    ] as const
  ).map(([name, text]): Kind => ({
    name,
    text,
    proxy: name,
    argument: 'text',
    timeoutMs: upstreamTimeoutMs,
  })),
];

/** An open circuit refuses for ten seconds; a trial call may take its whole time. */
const recoveryMs = 45_000;
/** What a loaded machine may add to a deadline. */
const slackMs = 12_000;

/** What a backend answered is told in the words of HTTP. */
const saysWho = ({ name }: Kind, { what }: Ended): boolean =>
  what.includes(name) || (name === 'rest' && what.includes('The server '));

const list = (rig: ChaosRig): Promise<Ended> =>
  timedCall({
    send: (signal) =>
      rig.lanes.key({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }, signal),
    isRight: (result) => result.includes('"search"'),
    withinMs: patienceMs,
  });

const entryOf = (kind: Kind, fault: FaultKind): ChaosEntry<ChaosRig> => ({
  id: `${kind.name}-${fault}`,
  fault: `${kind.text}: ${faultTexts[fault]}`,
  promise:
    fault === 'slow'
      ? 'every call has its result'
      : `its calls fail with a text that says so, by their deadline of ${kind.timeoutMs / 1000} s; lists and other tools go on`,
  run: async (rig, form) => {
    const tally = new Tally();
    const { lanes, proxies } = rig;
    const proxy = proxies[kind.proxy];
    const echo = (): Promise<Ended> => {
      const text = randomUUID();
      return rig.call(lanes.key, `${kind.name}_echo`, { [kind.argument]: text }, text);
    };
    const warmUp = new Tally();
    await warmUp.recover(`${kind.name} before`, echo, recoveryMs);
    for (const problem of warmUp.observed().problems) tally.problem(problem);

    await proxy.break(fault);
    const calls = fault === 'hanging' ? { short: 1, long: 3 } : { short: 2, long: 8 };
    for (let left = calls[form]; left > 0; left -= 1) {
      const ended = await echo();
      tally.take('a call', ended, fault === 'slow' ? 'result' : 'clear error');
      if (ended.kind === 'clear error' && !saysWho(kind, ended)) {
        tally.problem(`the error does not say who failed: ${ended.what}`);
      }
      if (ended.ms > kind.timeoutMs + slackMs) tally.problem(`a call took ${ended.ms} ms`);
    }
    if (fault !== 'refusing' && proxy.hits() === 0) tally.problem('no request met the fault');
    tally.take('a tool of another', await rig.search(lanes.key), 'result');
    tally.take('the list', await list(rig), 'result');
    await proxy.mend();
    await tally.recover(kind.name, echo, recoveryMs);
    return tally.observed();
  },
});

export const upstreamEntries: readonly ChaosEntry<ChaosRig>[] = kinds.flatMap((kind) =>
  faultKinds.map((fault) => entryOf(kind, fault)),
);
