import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../src/upstreams/upstream.ts';
import { emptyPinLock, formatPinLock, withPins } from '../../src/upstreams/pin-lock.ts';
import { hashTools } from '../../src/upstreams/pins.ts';
import { anUpstream, aSpec } from '../contract/upstream-registry.contract.ts';
import { aTool } from './admin-fixtures.ts';
import { aServersCli } from './cli-servers.ts';

const deployment = {
  upstreams: [
    { name: 'everything', kind: 'stdio' as const },
    {
      name: 'items',
      kind: 'openapi' as const,
      tenants: ['acme'],
      prefix: '',
      url: 'https://items.example.com/v1',
    },
  ],
};

/** Two deployed entries; `weather` is live for everybody, and another one for acme. */
const aCli = async (options: Parameters<typeof aServersCli>[0] = {}) => {
  const cli = await aServersCli({ deployment, ...options });
  await cli.upstreams.putUpstream(anUpstream('weather'));
  await cli.upstreams.putUpstream(
    anUpstream('weather', {
      scope: 'acme',
      spec: aSpec('weather', {
        tenants: ['acme'],
        url: 'https://acme.example.com/sse',
        transport: 'sse',
      }),
    }),
  );
  return cli;
};

describe('upstreams list and show', () => {
  it('list has deployed and live servers, with their hosts', async () => {
    const cli = await aCli();
    expect((await cli.run('upstreams', 'list')).out).toBe(
      [
        'NAME        KIND     WHERE     TENANTS  ENABLED  HOST',
        'everything  stdio    deployed  all      yes      -',
        'items       openapi  deployed  acme     yes      items.example.com',
        'weather     http     live      all      yes      weather.example.com',
        'weather     sse      live      acme     yes      acme.example.com',
        '',
      ].join('\n'),
    );
    expect(await cli.json('upstreams', 'list')).toContainEqual({
      name: 'items',
      kind: 'openapi',
      where: 'deployed',
      tenants: ['acme'],
      prefix: '',
      enabled: true,
      host: 'items.example.com',
    });
  });

  it('show has references as they are written, and each record of the name', async () => {
    const cli = await aCli();
    expect(await cli.json('upstreams', 'show', 'weather')).toMatchObject([
      { tenants: '*', headers: { Authorization: 'Bearer ${secret:token}' } },
      { tenants: ['acme'], kind: 'sse' },
    ]);
    expect(await cli.json('upstreams', 'show', 'weather', '--tenant', 'acme')).toHaveLength(1);
    expect(await cli.json('upstreams', 'show', 'everything')).toEqual([
      {
        name: 'everything',
        kind: 'stdio',
        where: 'deployed',
        tenants: '*',
        prefix: 'everything',
        enabled: true,
      },
    ]);
    expect((await cli.run('upstreams', 'show', 'weather')).out).toContain(
      '  header Authorization  Bearer ${secret:token}\n',
    );
  });

  it('a server that there is not is told, with what to do', async () => {
    const cli = await aCli();
    for (const verb of ['show', 'check', 'enable', 'disable', 'remove']) {
      expect(await cli.errorOf('upstreams', verb, 'gone')).toMatchObject({
        exitCode: 1,
        code: 'SERVER_NOT_FOUND',
        message: expect.stringContaining('upstreams list') as string,
      });
    }
    expect(await cli.errorOf('upstreams', 'show', 'weather', '--tenant', 'beta')).toMatchObject({
      code: 'SERVER_NOT_FOUND',
      message: expect.stringContaining('no record of tenant "beta"') as string,
    });
  });
});

describe('upstreams check', () => {
  it('tells the state, the tools, and how they differ from what was approved', async () => {
    const cli = await aCli();
    const [one, two] = [aTool('one'), aTool('two')];
    await cli.upstreams.putPins({
      scope: '*',
      server: 'weather',
      tools: Object.fromEntries(hashTools([one, two, aTool('old')]).hashes),
      approvedAt: '2026-11-21T00:00:00.000Z',
      revision: 1,
    });
    const changed = aTool('one', { description: 'Does \u001b[2Jsomething else.' });
    cli.probe.servers.set('weather', [changed, two, aTool('new\u202e')]);
    const { out, exitCode } = await cli.run('upstreams', 'check', 'weather', '--tenant', '*');
    expect(exitCode).toBe(0);
    expect(out).toBe(
      [
        '  server   weather',
        '  kind     http',
        '  where    live',
        '  tenants  all',
        '  enabled  yes',
        '  state    ok',
        '  speaks   MCP of 2025 or before',
        '  tools    3, not as approved',
        '  changed  one (hidden)',
        '  new      new\\u{202e}',
        '  removed  old',
        '',
        'See what differs: npx drawbridge pins diff weather',
        '',
      ].join('\n'),
    );
    expect(await cli.json('upstreams', 'check', 'weather')).toMatchObject([
      { check: { pins: 'differs', changed: ['one'], added: ['new\u202e'], removed: ['old'] } },
      { check: { pins: 'missing', tools: 3 } },
    ]);
  });

  it('a server that is not reached exits 1, after what was found is printed', async () => {
    const cli = await aCli();
    const { exitCode, out, err } = await cli.run('upstreams', 'check', 'weather');
    expect(exitCode).toBe(1);
    expect(out).toContain('failed, unreachable: Nothing answers.');
    expect(err).toBe('error: server "weather" failed the check in 2 of 2 places\n');
    expect(await cli.errorOf('upstreams', 'check', 'weather')).toMatchObject({
      code: 'CHECK_FAILED',
    });
  });

  it('a deployed entry is checked as config/mcp.json has it, against the pins beside it', async () => {
    const cli = await aCli();
    cli.files.set(
      'config/mcp.json',
      '{"mcpServers":{"everything":{"command":"npx","args":["-y","x@1.0.0"]}}}',
    );
    const tools = [aTool('echo')];
    cli.probe.servers.set('everything', tools);
    expect(await cli.json('upstreams', 'check', 'everything')).toMatchObject([
      { where: 'deployed', check: { pins: 'missing' } },
    ]);
    const lock = withPins(emptyPinLock, 'everything', hashTools(tools).hashes);
    cli.files.set('config/mcp.lock.json', formatPinLock(lock));
    expect(await cli.json('upstreams', 'check', 'everything')).toMatchObject([
      { check: { pins: 'match' } },
    ]);
    expect(cli.probe.asked[0]).toMatchObject({ spec: { kind: 'sandbox', sandbox: 'everything' } });
  });

  it('what this machine cannot know of a deployed entry is said', async () => {
    const cli = await aCli();
    const check = () => cli.errorOf('upstreams', 'check', 'everything');
    expect(await check()).toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('config/mcp.json here has no such entry') as string,
    });
    cli.files.set(
      'config/mcp.json',
      '{"mcpServers":{"everything":{"url":"https://${env:HOST}/"}}}',
    );
    expect((await check()).message).toContain(
      '${env:HOST} of its entry is known to the deployment',
    );
    cli.files.set('config/mcp.json', '{');
    expect((await check()).message).toContain(
      'config/mcp.json is not right:\n  (file): is not JSON',
    );
    cli.files.set(
      'config/mcp.json',
      '{"mcpServers":{"everything":{"url":"https://x.example.com"}}}',
    );
    cli.files.set('config/mcp.lock.json', '{"version":1}');
    expect((await check()).message).toContain('config/mcp.lock.json is not a file of pins: check');
  });
});

describe('upstreams enable and disable', () => {
  it('a live server is switched in its record', async () => {
    const cli = await aCli();
    cli.at.now += 60_000;
    expect(await cli.json('upstreams', 'disable', 'weather', '--tenant', 'acme')).toEqual([
      { name: 'weather', scope: 'acme', where: 'live', enabled: false, changed: true },
    ]);
    expect(await cli.upstreams.getUpstream('acme', 'weather')).toMatchObject({
      enabled: false,
      revision: 2,
      updatedAt: '2026-11-21T05:01:00.000Z',
      spec: { transport: 'sse' },
    });
    expect(await cli.upstreams.getUpstream('*', 'weather')).toMatchObject({ enabled: true });
    const { out } = await cli.run('upstreams', 'disable', 'weather');
    expect(out).toBe(
      'Server weather is off. Running functions follow within 30 seconds.\n' +
        'Server weather was off for tenant acme already. Nothing changed.\n',
    );
  });

  it('a deployed one is switched by a record without a spec, also for single tenants', async () => {
    const cli = await aCli();
    await cli.json('upstreams', 'disable', 'everything', '--tenant', 'acme');
    expect(await cli.upstreams.getUpstream('acme', 'everything')).toStrictEqual({
      scope: 'acme',
      name: 'everything',
      enabled: false,
      revision: 1,
      createdAt: '2026-11-21T05:00:00.000Z',
      updatedAt: '2026-11-21T05:00:00.000Z',
    });
    expect((await cli.run('upstreams', 'list')).out).toContain('yes, but no for acme');
    await cli.json('upstreams', 'disable', 'everything');
    expect(await cli.json('upstreams', 'enable', 'everything')).toMatchObject([
      { scope: '*', where: 'deployed', enabled: true, changed: true },
    ]);
    expect(await cli.upstreams.getUpstream('*', 'everything')).toMatchObject({ revision: 2 });
    expect(await cli.json('upstreams', 'show', 'everything')).toMatchObject([
      { enabled: true, exceptions: ['acme'] },
    ]);
  });
});

describe('upstreams remove', () => {
  const document =
    '{\n  "mcpServers": {\n    "everything": { "command": "npx", "args": ["-y", "x@1.0.0"] }\n  }\n}\n';

  it('takes live records away, with their pins, once asked', async () => {
    const cli = await aCli({ answer: false });
    await cli.upstreams.putPins({
      scope: 'acme',
      server: 'weather',
      tools: {},
      approvedAt: '2026-11-21T00:00:00.000Z',
      revision: 1,
    });
    expect(await cli.errorOf('upstreams', 'remove', 'weather')).toMatchObject({ code: 'DECLINED' });
    expect(cli.questions).toEqual([
      'Remove server weather: the live record and the live record of tenant acme?',
    ]);
    expect(await cli.upstreams.listUpstreams()).toHaveLength(2);
    await cli.json('upstreams', 'remove', 'weather', '--tenant', 'acme', '--yes');
    expect(await cli.upstreams.listUpstreams()).toMatchObject([{ scope: '*' }]);
    expect(await cli.upstreams.listPins()).toEqual([]);
    await cli.json('upstreams', 'remove', 'weather', '--yes');
    expect(await cli.upstreams.listUpstreams()).toEqual([]);
  });

  it('takes an entry out of config/mcp.json with its lock and its pins', async () => {
    const cli = await aCli();
    cli.files.set('config/mcp.json', document);
    cli.locks.set('everything', 'x@1.0.0');
    cli.files.set(
      'config/mcp.lock.json',
      formatPinLock(withPins(emptyPinLock, 'everything', new Map())),
    );
    // Off until the next deploy: taking the switch away would bring it back.
    await cli.json('upstreams', 'disable', 'everything');
    const { out } = await cli.run('upstreams', 'remove', 'everything');
    expect(out).toBe(
      'Server everything is removed: the entry in config/mcp.json.\n' +
        'The deployment has it until its next deploy; to stop it now: npx drawbridge upstreams disable everything\n',
    );
    expect(cli.files.get('config/mcp.json')).toBe('{\n  "mcpServers": {}\n}\n');
    expect(cli.locks.size).toBe(0);
    expect(cli.files.get('config/mcp.lock.json')).toBe(formatPinLock(emptyPinLock));
    expect(await cli.upstreams.getUpstream('*', 'everything')).toMatchObject({ enabled: false });
  });

  it('a switch of what is no longer deployed goes', async () => {
    const cli = await aCli();
    await cli.upstreams.putUpstream(anUpstream('retired', { enabled: false, spec: undefined }));
    expect(await cli.json('upstreams', 'remove', 'retired')).toEqual({
      name: 'retired',
      records: ['*'],
      isDeployed: false,
    });
    expect(await cli.upstreams.getUpstream('*', 'retired')).toBeUndefined();
  });

  it('an entry that was deployed from elsewhere is not removed here', async () => {
    const cli = await aCli();
    expect(await cli.errorOf('upstreams', 'remove', 'everything')).toMatchObject({
      code: 'SERVER_NOT_FOUND',
      message: expect.stringContaining('upstreams disable everything') as string,
    });
  });
});

it('the failure of a server that answers badly is told by its kind', async () => {
  const cli = await aCli();
  cli.replacePorts({
    probe: {
      list: () => Promise.reject(new UpstreamError('unauthorized', 'It refused the credential.')),
    },
  });
  const { out } = await cli.run('upstreams', 'check', 'weather', '--tenant', 'acme');
  expect(out).toContain('failed, unauthorized: It refused the credential.');
});
