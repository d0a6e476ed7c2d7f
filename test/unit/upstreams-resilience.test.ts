import { describe, expect, it } from 'vitest';
import { AllPlacesTaken, RequestNotSent } from '../../src/upstreams/not-sent.ts';
import { ResilientUpstream } from '../../src/upstreams/resilience.ts';
import {
  UpstreamError,
  type JsonObject,
  type Upstream,
  type UpstreamFacts,
  type UpstreamFailure,
  type UpstreamRequest,
} from '../../src/upstreams/upstream.ts';
import { startLegacyStateless } from '../fixtures/upstreams/legacy-http.ts';
import { deadPort } from '../fixtures/upstreams/recorded-server.ts';
import { anUpstream, aRequest, call, kept, specOf } from './support/http-upstreams.ts';

type Answer = JsonObject | Error | ((request: UpstreamRequest) => Promise<JsonObject>);

/** An upstream that answers as it is told to, one after the other; the last answer stays. */
class ScriptedUpstream implements Upstream {
  readonly requests: Pick<UpstreamRequest, 'timeoutMs' | 'signal'>[] = [];
  isClosed = false;
  answers: Answer[];

  constructor(...answers: Answer[]) {
    this.answers = answers;
  }

  facts(): Promise<UpstreamFacts> {
    return this.request(aRequest()) as Promise<unknown> as Promise<UpstreamFacts>;
  }

  async request(request: UpstreamRequest): Promise<JsonObject> {
    this.requests.push(request);
    const [answer = {}] = this.answers.length > 1 ? this.answers.splice(0, 1) : this.answers;
    if (answer instanceof Error) throw answer;
    return typeof answer === 'function' ? answer(request) : answer;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

const failed = (failure: UpstreamFailure): UpstreamError => new UpstreamError(failure, 'x');
const notSent = (failure: UpstreamFailure): UpstreamError => new RequestNotSent(failure, 'x');
const hanging = (): Promise<JsonObject> => new Promise(() => undefined);

const aResilient = (...answers: Answer[]) => {
  const upstream = new ScriptedUpstream(...answers);
  let now = Date.parse('2026-11-21T10:00:00.000Z');
  const resilient = new ResilientUpstream(upstream, { now: () => now, random: () => 0 });
  const wait = (ms: number): void => {
    now += ms;
  };
  const ask = (over: Partial<UpstreamRequest> = {}) => resilient.request(aRequest(over));
  return { upstream, resilient, wait, ask };
};

const failTimes = async (ask: () => Promise<unknown>, times: number): Promise<void> => {
  for (let i = 0; i < times; i++) await ask().catch(() => undefined);
};

describe('a second attempt', () => {
  it('is made after a failed connection when the call may be repeated', async () => {
    const { ask, upstream } = aResilient(failed('unreachable'), { ok: 1 });
    expect(await ask({ repeatable: true })).toEqual({ ok: 1 });
    expect(upstream.requests).toHaveLength(2);
    expect(upstream.requests[1]?.timeoutMs).toBeLessThan(upstream.requests[0]?.timeoutMs ?? 0);
  });

  it('of one that is only busy says nothing of whether it is well', async () => {
    const busy = new AllPlacesTaken('unreachable', 'Too many calls run.');
    const { ask, resilient } = aResilient(...Array.from({ length: 20 }, () => busy));
    await failTimes(ask, 8);
    expect(resilient.state.state).toBe('ok');
  });

  it('is not made of a call that its server died of', async () => {
    const { ask, upstream } = aResilient(failed('crashed'), { ok: 1 });
    await expect(ask({ repeatable: true })).rejects.toMatchObject({ failure: 'crashed' });
    expect(upstream.requests).toHaveLength(1);
  });

  it('is not made when the call may not be repeated', async () => {
    const { ask, upstream } = aResilient(failed('unreachable'), { ok: 1 });
    await expect(ask()).rejects.toMatchObject({ failure: 'unreachable' });
    expect(upstream.requests).toHaveLength(1);
  });

  it('is made for any call that was surely not sent', async () => {
    const { ask, upstream } = aResilient(notSent('unreachable'), { ok: 1 });
    expect(await ask()).toEqual({ ok: 1 });
    expect(upstream.requests).toHaveLength(2);
  });

  it('is the last', async () => {
    const { ask, upstream } = aResilient(failed('unreachable'));
    await expect(ask({ repeatable: true })).rejects.toMatchObject({ failure: 'unreachable' });
    expect(upstream.requests).toHaveLength(2);
  });

  it.each<[UpstreamFailure]>([
    ['rpc'],
    ['needs-input'],
    ['unauthorized'],
    ['not-mcp'],
    ['too-large'],
    ['misconfigured'],
    ['aborted'],
  ])('is not made after %s: it would end the same', async (failure) => {
    const { ask, upstream } = aResilient(notSent(failure), { ok: 1 });
    await expect(ask({ repeatable: true })).rejects.toMatchObject({ failure });
    expect(upstream.requests).toHaveLength(1);
  });

  it('is not made when there is no time for it', async () => {
    const { ask, upstream } = aResilient(failed('unreachable'), { ok: 1 });
    await expect(ask({ repeatable: true, timeoutMs: 50 })).rejects.toMatchObject({
      failure: 'unreachable',
    });
    expect(upstream.requests).toHaveLength(1);
  });

  it('is not made once the caller gave up', async () => {
    const caller = new AbortController();
    const { ask, upstream } = aResilient(async () => {
      caller.abort();
      throw failed('unreachable');
    });
    await expect(ask({ repeatable: true, signal: caller.signal })).rejects.toMatchObject({
      failure: 'aborted',
    });
    expect(upstream.requests).toHaveLength(1);
  });

  it('is made for the facts', async () => {
    const { resilient, upstream } = aResilient(failed('unreachable'), { era: 'legacy' });
    expect(await resilient.facts(aRequest())).toEqual({ era: 'legacy' });
    expect(upstream.requests).toHaveLength(2);
  });
});

describe('a deadline', () => {
  it('ends a call that the upstream does not end, and tells the upstream', async () => {
    const { ask, upstream } = aResilient(hanging);
    await expect(ask({ timeoutMs: 30 })).rejects.toMatchObject({ failure: 'timeout' });
    expect(upstream.requests[0]?.signal.aborted).toBe(true);
  });

  it('is not waited for when the caller gives up', async () => {
    const caller = new AbortController();
    const { ask, upstream } = aResilient(hanging);
    const answer = ask({ signal: caller.signal });
    caller.abort();
    await expect(answer).rejects.toMatchObject({ failure: 'aborted' });
    expect(upstream.requests[0]?.signal.aborted).toBe(true);
  });
});

describe('a circuit', () => {
  it('opens after five failures in a row, and refuses at once', async () => {
    const { ask, upstream, resilient } = aResilient(failed('unreachable'));
    await failTimes(ask, 4);
    expect(resilient.state.state).toBe('failing');
    await failTimes(ask, 1);
    expect(resilient.state.state).toBe('open');
    await expect(ask()).rejects.toMatchObject({ failure: 'circuit-open' });
    expect(upstream.requests).toHaveLength(5);
  });

  it.each<[UpstreamFailure]>([
    ['unreachable'],
    ['timeout'],
    ['unauthorized'],
    ['not-mcp'],
    ['crashed'],
    ['misconfigured'],
  ])('counts %s', async (failure) => {
    const { ask, resilient } = aResilient(failed(failure));
    await failTimes(ask, 5);
    expect(resilient.state.state).toBe('open');
  });

  it.each<[UpstreamFailure]>([['rpc'], ['needs-input'], ['too-large'], ['aborted']])(
    'does not count %s',
    async (failure) => {
      const { ask, resilient } = aResilient(failed(failure));
      await failTimes(ask, 20);
      expect(resilient.state).not.toHaveProperty('lastFailure');
      expect(resilient.state.state).toBe('ok');
    },
  );

  it('stays closed when a call in between succeeds', async () => {
    const { ask, upstream, resilient } = aResilient(failed('unreachable'));
    await failTimes(ask, 4);
    upstream.answers = [failed('rpc'), failed('unreachable')];
    await failTimes(ask, 5);
    expect(resilient.state.state).toBe('failing');
  });

  it('lets one call through after ten seconds, and closes when it succeeds', async () => {
    const { ask, upstream, resilient, wait } = aResilient(failed('unreachable'));
    await failTimes(ask, 5);
    wait(9_999);
    await expect(ask()).rejects.toMatchObject({ failure: 'circuit-open' });
    wait(1);
    const trial = Promise.withResolvers<JsonObject>();
    upstream.answers = [() => trial.promise, { ok: 2 }];
    const first = ask();
    await expect(ask()).rejects.toMatchObject({ failure: 'circuit-open' });
    trial.resolve({ ok: 1 });
    expect(await first).toEqual({ ok: 1 });
    expect(resilient.state.state).toBe('ok');
    expect(await ask()).toEqual({ ok: 2 });
  });

  it('opens again when the call that was let through fails, without a second attempt', async () => {
    const { ask, upstream, resilient, wait } = aResilient(notSent('unreachable'));
    await failTimes(ask, 5);
    wait(10_000);
    const before = upstream.requests.length;
    await expect(ask({ repeatable: true })).rejects.toMatchObject({ failure: 'unreachable' });
    expect(upstream.requests.length - before).toBe(1);
    expect(resilient.state.state).toBe('open');
    wait(9_999);
    await expect(ask()).rejects.toMatchObject({ failure: 'circuit-open' });
  });

  it('lets another through when the caller of the first gave up', async () => {
    const { ask, upstream, wait, resilient } = aResilient(failed('unreachable'));
    await failTimes(ask, 5);
    wait(10_000);
    upstream.answers = [failed('aborted'), { ok: 1 }];
    await expect(ask()).rejects.toMatchObject({ failure: 'aborted' });
    expect(resilient.state.state).toBe('open');
    expect(await ask()).toEqual({ ok: 1 });
    expect(resilient.state.state).toBe('ok');
  });

  it('does not close for a call that began before it opened', async () => {
    const early = Promise.withResolvers<JsonObject>();
    const { ask, upstream, resilient } = aResilient(() => early.promise, failed('unreachable'));
    const first = ask();
    await failTimes(ask, 5);
    early.resolve({ ok: 1 });
    expect(await first).toEqual({ ok: 1 });
    expect(resilient.state.state).toBe('open');
    expect(upstream.requests).toHaveLength(6);
  });

  it('is not open for longer because of a call that began before it opened', async () => {
    const early = Promise.withResolvers<JsonObject>();
    const { ask, upstream, wait } = aResilient(() => early.promise, failed('unreachable'));
    const first = ask();
    await failTimes(ask, 5);
    wait(9_000);
    early.reject(failed('timeout'));
    await expect(first).rejects.toMatchObject({ failure: 'timeout' });
    wait(1_000);
    upstream.answers = [{ ok: 1 }];
    expect(await ask()).toEqual({ ok: 1 });
  });

  it('is told of, with the last success and the last failure', async () => {
    const { ask, upstream, resilient, wait } = aResilient({ ok: 1 });
    expect(resilient.state).toEqual({ state: 'ok' });
    await ask();
    wait(1_000);
    upstream.answers = [failed('timeout')];
    await failTimes(ask, 1);
    expect(resilient.state).toEqual({
      state: 'failing',
      lastSuccessAt: '2026-11-21T10:00:00.000Z',
      lastFailure: { at: '2026-11-21T10:00:01.000Z', failure: 'timeout' },
    });
  });

  it('closes its upstream with it', async () => {
    const { resilient, upstream } = aResilient();
    await resilient.close();
    expect(upstream.isClosed).toBe(true);
  });
});

describe('over HTTP', () => {
  it('a call that may have run is sent once, and one that may be repeated twice', async () => {
    const server = kept(await startLegacyStateless());
    const resilient = new ResilientUpstream(anUpstream(specOf(server.url)), { now: Date.now });
    await resilient.request(aRequest());
    const cut = async (repeatable: boolean): Promise<number> => {
      const before = server.tools.calls['wait'] ?? 0;
      const answer = resilient.request(call('wait', {}, { repeatable, timeoutMs: 2_000 }));
      await expect.poll(() => server.tools.calls['wait'] ?? 0).toBe(before + 1);
      server.cut();
      if (repeatable) {
        await expect.poll(() => server.tools.calls['wait'] ?? 0).toBe(before + 2);
        server.cut();
      }
      await expect(answer).rejects.toMatchObject({ failure: 'unreachable' });
      return (server.tools.calls['wait'] ?? 0) - before;
    };
    expect(await cut(false)).toBe(1);
    expect(await cut(true)).toBe(2);
  });

  it('an upstream that was dead is used again once it is back', async () => {
    const port = await deadPort();
    let now = 0;
    const resilient = new ResilientUpstream(anUpstream(specOf(`http://127.0.0.1:${port}/mcp`)), {
      now: () => now,
      random: () => 0,
    });
    await failTimes(() => resilient.request(aRequest()), 5);
    expect(resilient.state.state).toBe('open');
    const server = kept(await startLegacyStateless({ port }));
    await expect(resilient.request(aRequest())).rejects.toMatchObject({ failure: 'circuit-open' });
    expect(server.requests).toEqual([]);
    now += 10_000;
    expect(await resilient.request(aRequest())).toMatchObject({
      structuredContent: { text: 'hello' },
    });
    expect(resilient.state.state).toBe('ok');
  });
});
