import { createHash, createHmac, hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { LogLine } from '../../src/audit/log-reader.ts';
import { aContainer, aRecord, auditSecret, startedAt, verify } from './audit-fixtures.ts';

const json = ({ line }: LogLine) => JSON.parse(line) as Record<string, unknown>;
const typesOf = (log: readonly LogLine[]) => log.map((line) => json(line)['type']);

const ready = async (name: string, log: LogLine[], at: { now: number }) => {
  const container = aContainer(name, log, at);
  await container.key.secret();
  return container;
};

describe('a chain', () => {
  it('begins with a record and a checkpoint: these are the whole lines', async () => {
    const log: LogLine[] = [];
    const { sink } = await ready('one', log, { now: startedAt });
    sink.write(aRecord(0, { argsDigest: 'd'.repeat(43) }));
    const key = Buffer.from(hkdfSync('sha256', auditSecret, '', 'drawbridge audit chain', 32));
    const coded = (body: string) =>
      `${body.slice(0, -2)},"mac":"${createHmac('sha256', key).update(body).digest('base64url')}"}}`;
    const first = coded(
      '{"type":"audit","ts":"2026-11-21T05:00:00.000Z","requestId":"req-0","traceId":null,"traceparent":null,"env":"test","tenant":"acme",' +
        '"subject":"key:Abcd1234","keyId":"Abcd1234","lane":"key","clientInfo":{"name":"client","version":"1.0.0"},' +
        '"era":"modern","method":"tools/call","tool":"search","server":"drawbridge","decision":"allow","policyId":null,' +
        '"outcome":"ok","rpcCode":null,"httpStatus":200,"units":1,"quotaPercent":null,"argsBytes":12,' +
        `"argsDigest":"${'d'.repeat(43)}","resultBytes":300,"ms":7,"upstreamMs":null,"upstreamFailure":null,"missing":null,` +
        '"chain":{"id":"mwpxvkw0.one","seq":0,"prev":""}}',
    );
    const prev = createHash('sha256').update(first).digest('base64url');
    const second = coded(
      '{"type":"audit-checkpoint","ts":"2026-11-21T05:00:00.000Z","env":"test","records":1,' +
        `"chain":{"id":"mwpxvkw0.one","seq":1,"prev":"${prev}"}}`,
    );
    expect(log.map(({ line }) => line)).toEqual([first, second]);
  });

  it('has a checkpoint after a hundred records, and after a minute', async () => {
    const log: LogLine[] = [];
    const at = { now: startedAt };
    const { sink } = await ready('one', log, at);
    for (let n = 0; n <= 100; n++) sink.write(aRecord(n));
    expect(
      typesOf(log)
        .map((type) => type === 'audit-checkpoint')
        .indexOf(true),
    ).toBe(1);
    expect(typesOf(log).lastIndexOf('audit-checkpoint')).toBe(102);
    expect(json(log[102]!)).toMatchObject({ records: 101, chain: { seq: 102 } });
    sink.write(aRecord(101));
    at.now += 59_999;
    sink.write(aRecord(102));
    expect(typesOf(log).slice(103)).toEqual(['audit', 'audit']);
    at.now += 1;
    sink.write(aRecord(103));
    expect(typesOf(log).slice(103)).toEqual(['audit', 'audit', 'audit', 'audit-checkpoint']);
  });

  it('is closed by time alone where the process goes on', async () => {
    const log: LogLine[] = [];
    const { sink, later } = await ready('one', log, { now: startedAt });
    for (let n = 0; n < 4; n++) sink.write(aRecord(n));
    expect((await verify(log)).openTails).toMatchObject([{ fromSeq: 2, toSeq: 4 }]);
    expect(later).toHaveLength(1);
    later[0]!();
    expect(typesOf(log).at(-1)).toBe('audit-checkpoint');
    expect((await verify(log)).openTails).toEqual([]);
    sink.checkpoint();
    expect(log).toHaveLength(6);
  });
});

describe('while the key cannot be read', () => {
  it('records are written at once, and a checkpoint vouches for them when it can', async () => {
    const log: LogLine[] = [];
    const secret = Promise.withResolvers<string>();
    const { sink } = aContainer('one', log, { now: startedAt }, () => secret.promise);
    sink.write(aRecord(0));
    sink.write(aRecord(1));
    expect(log.map((line) => (json(line)['chain'] as { mac: unknown }).mac)).toEqual([null, null]);
    expect((await verify(log, { now: startedAt })).problems).toEqual([]);
    secret.resolve(auditSecret);
    await new Promise(setImmediate);
    sink.write(aRecord(2));
    expect(typesOf(log)).toEqual(['audit', 'audit', 'audit-checkpoint', 'audit']);
    const { problems, openTails } = await verify(log);
    expect(problems).toEqual([]);
    expect(openTails).toMatchObject([{ fromSeq: 3, toSeq: 3 }]);
    for (const n of [0, 1]) {
      const edited = log.with(n, { ...log[n]!, line: log[n]!.line.replace('"ms":7', '"ms":8') });
      expect((await verify(edited)).problems).toMatchObject([{ kind: 'edited', seq: n }]);
    }
  });

  it('a failure is tried again with the next record', async () => {
    const log: LogLine[] = [];
    let reads = 0;
    const { sink } = aContainer('one', log, { now: startedAt }, async () => {
      if (++reads === 1) throw new Error('not now');
      return auditSecret;
    });
    for (let n = 0; n < 3; n++) {
      sink.write(aRecord(n));
      await new Promise(setImmediate);
    }
    expect(reads).toBe(2);
    expect(typesOf(log)).toEqual(['audit', 'audit', 'audit-checkpoint', 'audit']);
    expect((await verify(log)).problems).toEqual([]);
  });

  it('a chain that no key ever vouched for is a problem, once it is older than a minute', async () => {
    const log: LogLine[] = [];
    const { sink } = aContainer('one', log, { now: startedAt }, async () => {
      throw new Error('never');
    });
    sink.write(aRecord(0));
    sink.write(aRecord(1));
    const open = await verify(log, { now: startedAt + 60_000 });
    expect(open).toMatchObject({ problems: [], openTails: [{ fromSeq: 0, toSeq: 1 }] });
    const late = await verify(log, { now: startedAt + 60_001 });
    expect(late.problems).toMatchObject([{ kind: 'unchained', requestId: 'req-1' }]);
  });

  it('a line without a code after lines with one is not the container’s', async () => {
    const log: LogLine[] = [];
    const at = { now: startedAt };
    const { sink } = await ready('one', log, at);
    for (let n = 0; n < 3; n++) sink.write(aRecord(n));
    const line = log.at(-1)!.line.replace(/"mac":"[^"]+"/, '"mac":null');
    const { problems } = await verify(log.with(-1, { ...log.at(-1)!, line }));
    expect(problems).toMatchObject([{ kind: 'edited', seq: 3, requestId: 'req-2' }]);
  });
});
