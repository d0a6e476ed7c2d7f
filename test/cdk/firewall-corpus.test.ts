import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { firewallOf, requestOf } from './support/firewall.ts';
import { projectDirectory } from './support/synth.ts';

/**
 * One request. `labels` are those that AWS's description of its rules leads one to expect on it: AWS keeps the rules
 * themselves, so what they do on real traffic only a deployment shows.
 */
const entry = z
  .strictObject({
    name: z.string(),
    method: z.string().optional(),
    path: z.string().optional(),
    query: z.string().optional(),
    /** Makes the query this long. */
    queryBytes: z.int().optional(),
    from: z.string().optional(),
    headers: z.record(z.string(), z.string().nullable()).optional(),
    chunked: z.boolean().default(false),
    body: z.string().optional(),
    /** Makes the body this long. */
    bodyBytes: z.int().optional(),
    /** The body as an MCP client sends it. */
    call: z
      .strictObject({ tool: z.string(), arguments: z.record(z.string(), z.unknown()) })
      .optional(),
    /** Makes an argument so long that the body has this many bytes. */
    fill: z.strictObject({ argument: z.string(), text: z.string(), bodyBytes: z.int() }).optional(),
    labels: z.array(z.string()).default([]),
    /** Each rule of ours that matches. All others do not. */
    refusedBy: z.array(z.string()),
    /** 200: it reaches API Gateway. */
    status: z.literal([200, 403, 413, 429]),
  })
  .refine(({ call, body }) => call === undefined || body === undefined);
type Entry = z.infer<typeof entry>;

const folder = join(projectDirectory, 'test', 'fixtures', 'waf', 'corpus');
const corpus = readdirSync(folder)
  .sort()
  .map((file) => ({
    file,
    entries: z.array(entry).parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
  }));
const everyEntry = corpus.flatMap(({ entries }) => entries);

const callOf = ({ call }: Entry, args: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: 7,
    method: 'tools/call',
    params: { name: call?.tool, arguments: args },
  });

const bodyOf = (given: Entry): string => {
  if (given.call === undefined) return (given.body ?? '').padEnd(given.bodyBytes ?? 0, 'n');
  const args = given.call.arguments;
  if (given.fill === undefined) return callOf(given, args);
  const { argument, text, bodyBytes } = given.fill;
  const begun = String(args[argument]);
  const room = bodyBytes - Buffer.byteLength(callOf(given, args));
  // What JSON makes of the text is longer than the text, so the rest is filled with what it leaves as it is.
  const perText = JSON.stringify(text).length - '""'.length;
  const some = begun + text.repeat(Math.floor(room / perText));
  const missing = bodyBytes - Buffer.byteLength(callOf(given, { ...args, [argument]: some }));
  const filled = callOf(given, { ...args, [argument]: some + '.'.repeat(missing) });
  expect(Buffer.byteLength(filled)).toBe(bodyBytes);
  return filled;
};

const prefixes: Readonly<Record<string, string>> = {
  AWSManagedRulesKnownBadInputsRuleSet: 'known-bad-inputs:',
  AWSManagedRulesCommonRuleSet: 'core-rule-set:',
};

const firewall = firewallOf({
  ipSets: { deny: ['192.0.2.0/24'], allow: ['198.51.100.128/25'], ci: ['203.0.113.0/24'] },
});
const names = firewall.properties.Rules.map(({ Name }) => Name);
const managed = names.filter((name) => name.startsWith('AWSManagedRules'));
const ours = names.filter((name) => !managed.includes(name));

const evaluate = (given: Entry, only?: readonly string[]) => {
  const { method, path, from, headers, query } = given;
  const request = requestOf({
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
    ...(from === undefined ? {} : { from }),
    ...(query === undefined ? {} : { query: query.padEnd(given.queryBytes ?? 0, 'y') }),
    body: bodyOf(given),
    isChunked: given.chunked,
    headers: { 'content-type': 'application/json', authorization: 'Bearer key', ...headers },
  });
  const acl = firewall.run({
    ...(only === undefined ? {} : { only }),
    managedLabels: (group) =>
      given.labels
        .filter((label) => label.startsWith(prefixes[group] ?? 'none'))
        .map((label) => `awswaf:managed:aws:${label}`),
  });
  return acl.evaluate(request);
};

describe.each(corpus)('$file', ({ entries }) => {
  it.each(entries)('$name: $status', (given) => {
    const matched = ours.filter((rule) => evaluate(given, [...managed, rule]).kind === 'block');
    expect(matched).toEqual(given.refusedBy);
    const verdict = evaluate(given);
    const status = verdict.kind === 'allow' ? 200 : (verdict.response?.status ?? 403);
    expect(status).toBe(given.status);
    expect(verdict.kind === 'allow' ? undefined : verdict.rule).toBe(given.refusedBy[0]);
  });
});

describe('the corpus', () => {
  it('has calls of tools of every kind, and each of them passes unless it is too long', () => {
    const calls = everyEntry.filter(({ call }) => call !== undefined);
    expect(calls.length).toBeGreaterThanOrEqual(60);
    for (const { name, refusedBy } of calls) {
      expect(
        refusedBy.filter((rule) => rule !== 'BodySize'),
        name,
      ).toEqual([]);
    }
  });

  it('tells of each rule of ours that it matches something, except of rates', () => {
    const matched = new Set(everyEntry.flatMap(({ refusedBy }) => refusedBy));
    expect([...matched].sort()).toEqual(ours.filter((name) => !/Requests/.test(name)).sort());
  });

  it('has each label that a counted rule gives', () => {
    const statement = JSON.stringify(
      firewall.properties.Rules.find(({ Name }) => Name === 'AttackElsewhere')?.Statement,
    );
    const read = [...statement.matchAll(/"Key":"awswaf:managed:aws:([^"]+)"/g)].map(
      ([, label = '']) => label,
    );
    const given = new Set(everyEntry.flatMap(({ labels }) => labels));
    expect([...given].sort()).toEqual([...read, 'core-rule-set:NoUserAgent_Header'].sort());
  });

  it('no name stands twice', () => {
    expect(new Set(everyEntry.map(({ name }) => name)).size).toBe(everyEntry.length);
  });
});
