import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { configSchema } from '../../../lib/config.ts';
import { decimalGreaterThan } from '../../../lib/decimal-greater-than.ts';
import { formatJson, removeMember, setMember } from '../../../src/admin/json-edit.ts';
import {
  parseEntry,
  parseMcpServers,
  UpstreamConfigError,
} from '../../../src/upstreams/mcp-servers.ts';
import {
  brokenReference,
  fillReferences,
  referencesOf,
} from '../../../src/upstreams/references.ts';
import { projectDirectory } from '../../support/project-copy.ts';
import { target, textOf, type FuzzTarget } from '../target.ts';

const entries = fc.record(
  {
    url: fc.oneof(fc.webUrl(), textOf('https://a.b:4@[]')),
    command: textOf('nodex -'),
    openapi: textOf('a/.json'),
    baseUrl: fc.oneof(fc.webUrl(), textOf('https://?#')),
    headers: fc.oneof(
      fc.dictionary(textOf('X-AuthorizationKey'), textOf('${secret:a}env')),
      fc.jsonValue(),
    ),
    env: fc.oneof(fc.dictionary(textOf('A_TOKEN'), textOf('${secret:a}env')), fc.jsonValue()),
    args: fc.oneof(fc.array(textOf('-y@')), fc.jsonValue()),
    tenants: fc.jsonValue(),
    prefix: textOf('ab_-'),
    tools: fc.jsonValue(),
    timeoutSeconds: fc.jsonValue(),
    transport: fc.constantFrom('http', 'sse', 'streamable-http', 'x'),
  },
  { requiredKeys: [] },
);

const onlyConfigErrors = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch (error) {
    assert.ok(error instanceof UpstreamConfigError, String(error));
    assert.ok(error.problems.length > 0);
    return undefined;
  }
};

const servers = target({
  name: 'src/upstreams/mcp-servers.ts',
  property:
    'an entry is read or refused by an UpstreamConfigError; what was read is read again to the same',
  arbitrary: fc.record({
    name: textOf('abc-19'),
    entry: fc.oneof(entries, fc.jsonValue()),
    text: textOf('{"mcpServers":{}}'),
  }),
  check: ({ name, entry, text }) => {
    onlyConfigErrors(() => parseMcpServers(text));
    const document = `{"mcpServers":{${JSON.stringify(name)}:${JSON.stringify(entry)}}}`;
    const read = onlyConfigErrors(() => parseMcpServers(document))?.get(name);
    if (read === undefined) return;
    assert.match(name, /^[a-z][a-z0-9-]{0,31}$/u);
    const { kind: _, ...again } = read;
    assert.deepEqual(parseEntry(name, again), read);
  },
});

const filled = target({
  name: 'src/upstreams/references.ts',
  property:
    'each reference is filled in once and nothing else is changed; a value is not read as a reference',
  arbitrary: fc.record({
    parts: fc.array(
      fc.oneof(
        fc.constantFrom('${secret:a}', '${env:HOME}', '${secret:a#b}', '${', '}', '$'),
        textOf('${}:secretnv'),
      ),
      { maxLength: 6 },
    ),
  }),
  check: ({ parts }) => {
    const text = parts.join('');
    assert.equal(
      fillReferences(text, (reference) => reference.text),
      text,
    );
    const value = '${secret:other}';
    const count = referencesOf(text).length;
    const places = fillReferences(text, () => '\u0001').split('\u0001').length;
    assert.equal(places - text.split('\u0001').length, count);
    if (count > 0) assert.ok(fillReferences(text, () => value).includes(value));
    const broken = brokenReference(text);
    if (broken !== undefined) assert.ok(broken.startsWith('${'));
  },
});

const settings = JSON.parse(
  readFileSync(join(projectDirectory, 'config', 'local.json'), 'utf8'),
) as Record<string, unknown>;
const paths = Object.entries(settings).flatMap(([key, value]) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? [[key], ...Object.keys(value).map((inner) => [key, inner])]
    : [[key]],
);

const config = target({
  name: 'lib/config.ts',
  property:
    'any setting in place of one is taken or told; what is taken is taken again, to the same',
  arbitrary: fc.record({
    path: fc.constantFrom(...paths),
    value: fc.oneof(
      fc.jsonValue(),
      fc.integer(),
      fc.double(),
      textOf('arn:aws:/*https.'),
      fc.constant(null),
    ),
    more: textOf('abc'),
  }),
  check: ({ path, value, more }) => {
    const changed = structuredClone(settings);
    const [key = '', inner] = path;
    if (inner === undefined) changed[key] = value;
    else changed[key] = { ...(changed[key] as object), [inner]: value };
    const read = configSchema.safeParse(changed);
    if (read.success) {
      const again = configSchema.safeParse(JSON.parse(JSON.stringify(read.data)));
      assert.ok(again.success, JSON.stringify(again.error?.issues));
      assert.deepEqual(again.data, read.data);
    } else assert.ok(read.error.issues.length > 0);
    const unknown = configSchema.safeParse({ ...settings, [`x-${more}`]: 1 });
    assert.equal(unknown.success, false);
  },
});

const decimal = target({
  name: 'lib/decimal-greater-than.ts',
  property: 'the regular expression says what BigInt says, with zeros in front or not',
  arbitrary: fc.record({
    limit: fc.integer({ min: 1, max: 20_000_000 }),
    apart: fc.integer({ min: -3, max: 3 }),
    any: fc.bigInt({ min: 0n, max: 10n ** 20n }).map(String),
    zeros: fc.nat({ max: 5 }),
  }),
  check: ({ limit, apart, any, zeros }) => {
    const pattern = new RegExp(decimalGreaterThan(limit), 'u');
    for (const text of [any, String(Math.max(0, limit + apart))]) {
      const written = '0'.repeat(zeros) + text;
      assert.equal(pattern.test(written), BigInt(written) > BigInt(limit), `${written} > ${limit}`);
    }
  },
});

/**
 * Names that JSON writes as they are. JSON.parse of Node 24.21 (V8) takes one that begins with an escape for another, raw, that it
 * has read in the same place of an object before: of `{"a":1,"\\":2}` and then `{"a":1,"\"":2}`, the second has the member `\`.
 */
const isPlain = (name: string): boolean => JSON.stringify(name) === `"${name}"`;
const hasPlainNames = (value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  Object.entries(value).every(([name, member]) => isPlain(name) && hasPlainNames(member));

const names = textOf('ab{}:,').filter(isPlain);
const values = fc.jsonValue({ maxDepth: 2 }).filter(hasPlainNames);

const edits = target({
  name: 'src/admin/json-edit.ts',
  property: 'a member that is set or removed changes that member alone, and the text stays JSON',
  arbitrary: fc.record({
    members: fc.dictionary(names, values, { maxKeys: 4 }),
    key: names,
    value: values,
    indent: fc.constantFrom(0, 1, 2, '\t'),
  }),
  check: ({ members, key, value, indent }) => {
    // Members as JSON.parse makes them: __proto__ is a name like any other.
    const before = JSON.parse(JSON.stringify(members)) as Record<string, unknown>;
    const text = JSON.stringify({ first: 1, of: before, last: [key] }, undefined, indent);
    const read = (edited: string) => (JSON.parse(edited) as { of: Record<string, unknown> }).of;
    const wanted = JSON.parse(JSON.stringify(value)) as unknown;
    const added = read(setMember(text, 'of', key, value));
    assert.deepEqual(
      new Map(Object.entries(added)),
      new Map([...Object.entries(before), [key, wanted]]),
    );
    const removed = read(removeMember(text, 'of', key));
    assert.deepEqual(
      Object.entries(removed),
      Object.entries(before).filter(([name]) => name !== key),
    );
    assert.deepEqual(JSON.parse(formatJson(value)), wanted);
  },
});

export const documentTargets: readonly FuzzTarget[] = [servers, filled, config, decimal, edits];
