import { join } from 'node:path';
import { expect, it } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey } from '../../src/admin/keys.ts';
import { aWorld } from './admin-fixtures.ts';
import { tempFolder } from './support/temp-dir.ts';

/** The CLI on a world in memory whose tenant acme has one key; `held` is in DRAWBRIDGE_KEY. */
const aCli = async (options: { readonly held?: boolean; readonly typed?: boolean } = {}) => {
  const world = aWorld();
  await createTenant(world.ports, { tenant: 'acme', plan: 'free' });
  const { key, record } = await createKey(world.ports, { tenant: 'acme', name: 'ci' });
  const run = async (...argv: string[]) => {
    let out = '';
    let err = '';
    const exitCode = await runCli(['explain', ...argv], {
      terminal: {
        out: (text) => (out += text),
        err: (text) => (err += text),
        ...(options.typed === true ? { askHidden: async () => key } : {}),
      },
      connect: async () => world.ports,
      environment: options.held === true ? { DRAWBRIDGE_KEY: key } : {},
    });
    return { exitCode, out, err };
  };
  return { ...world, run, key, keyId: record.keyId };
};

it('prints each step with its reason, and exits 0 when the call would be served', async () => {
  const { run, keyId } = await aCli();
  const { exitCode, out, err } = await run('--key', keyId, '--tool', 'search');
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  const lines = out.split('\n');
  expect(lines[0]).toBe(`${keyId} of tenant acme calls search:`);
  expect(lines.find((line) => line.startsWith('authorizer'))).toMatch(
    new RegExp(`^authorizer +pass +key ${keyId} of tenant acme, role user, plan free$`, 'u'),
  );
  expect(lines.find((line) => line.startsWith('quota'))).toContain('0 of 10 units of this minute');
  expect(lines.at(-2)).toBe('It would be served.');
});

it('exits 1 when something refuses, says which, and the audit has a good look-up', async () => {
  const { run, keyId, auditSink } = await aCli();
  const { exitCode, out, err } = await run('--key', keyId, '--tool', 'nothing', '--json');
  expect(exitCode).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ outcome: 'refused', decidedBy: 'tool' });
  expect(JSON.parse(err)).toMatchObject({
    error: {
      code: 'CALL_REFUSED',
      message: expect.stringMatching(/^refused at tool: /u) as string,
    },
  });
  expect(auditSink.records).toMatchObject([
    { method: 'admin/calls.explain', target: keyId, outcome: 'ok', code: null },
  ]);
});

it.each([
  ['an argument', {}, true],
  ['DRAWBRIDGE_KEY', { held: true }, false],
])('takes the whole key as %s, and writes it nowhere', async (_, options, isArgument) => {
  const cli = await aCli(options);
  const given = isArgument ? ['--key', cli.key] : [];
  for (const more of [[], ['--json']]) {
    const { exitCode, out, err } = await cli.run(...given, '--tool', 'search', ...more);
    expect(exitCode).toBe(0);
    expect(out).toContain(cli.keyId);
    expect(out + err).not.toContain(cli.key);
  }
  expect(JSON.stringify(cli.auditSink.records)).not.toContain(cli.key.slice(15));
  expect(cli.auditSink.records[0]).toMatchObject({ target: cli.keyId });
});

it('asks for the key when --key has no value, hidden', async () => {
  const { run, key, keyId } = await aCli({ typed: true });
  const { exitCode, out } = await run('--tool', 'search', '--key');
  expect(exitCode).toBe(0);
  expect(out).toContain(keyId);
  expect(out).not.toContain(key);
});

it('a mistyped key is refused and not repeated', async () => {
  const { run, key } = await aCli();
  const mistyped = `${key.slice(0, -1)}${key.endsWith('a') ? 'b' : 'a'}`;
  const { exitCode, out, err } = await run('--key', mistyped, '--tool', 'search');
  expect(exitCode).toBe(1);
  expect(err).toMatch(/^error: refused at authorizer: that is no API key/u);
  expect(out + err).not.toContain(mistyped.slice(15));
});

it('takes arguments from a file, and says nothing of them', async () => {
  const { run, keyId } = await aCli();
  const file = join(
    tempFolder({ 'args.json': JSON.stringify({ query: 'canary'.repeat(2_000) }) }),
    'args.json',
  );
  const { exitCode, out, err } = await run(
    '--key',
    keyId,
    '--tool',
    'search',
    '--args',
    `@${file}`,
  );
  expect(exitCode).toBe(1);
  expect(err).toContain('refused at firewall: the body has 12');
  expect(out + err).not.toContain('canary');
});

it.each([
  [['--tool', 'search'], 'who calls'],
  [['--key', 'aaaaaaaa'], '--tool'],
  [['--tool', 'search', '--key'], 'nobody is there'],
  [['--tool', 'search', '--key', 'aaaaaaaa', '--args', '{"query":canary}'], '--args is not JSON'],
  [['--tool', 'search', '--key', 'aaaaaaaa', '--args', '[1]'], '--args is no JSON object'],
  [['--tool', 'search', '--key', 'aaaaaaaa', '--args', '@/nowhere/args.json'], 'cannot be read'],
  [['--tool', 'search', '--key', 'aaaaaaaa', '--units', 'many'], 'Write a number of units'],
  [['--tool', 'search', '--key', 'aaaaaaaa', '--ip', 'home'], 'is not an IP address'],
  [
    ['--tool', 'search', '--key', 'aaaaaaaa', '--principal', 'arn:aws:iam::123456789012:role/x'],
    'not both',
  ],
])('%j is wrong as typed, and nothing is asked', async (argv, message) => {
  const { run, auditSink } = await aCli();
  const { exitCode, out, err } = await run(...argv);
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
  expect(err).toContain(message);
  expect(err).not.toContain('canary');
  expect(auditSink.records).toEqual([]);
});
