import { describe, expect, it } from 'vitest';
import { aServersCli } from './cli-servers.ts';

const url = 'https://weather.example.com/mcp';

describe('upstreams add refuses, and writes nothing', () => {
  it.each([
    ['http://weather.example.com/mcp', /url: must begin with https/],
    ['https://203.0.113.7/mcp', /url: has an address for a host: give its name/],
    ['https://[2001:db8::1]/mcp', /url: has an address for a host/],
    ['https://2130706433/mcp', /url: is the machine itself/],
    ['https://0x7f.1/mcp', /url: is the machine itself/],
    ['http://localhost:8080/mcp', /url: is the machine itself/],
    ['https://a.localhost/mcp', /url: is the machine itself/],
    ['https://user:pass@weather.example.com/mcp', /url: has a user name or password/],
    ['https://weather.example.com/mcp?apiKey=abc', /url: has "apiKey" in it/],
    ['https://mcp.acme.example/mcp', /url: is this deployment itself/],
    ['https://api123.execute-api.eu-west-1.amazonaws.com/local/mcp', /url: is this deployment/],
    ['ftp://weather.example.com', /url: must begin with https/],
    ['weather', /url: is not a URL/],
    ['https://${env:HOST}/mcp', /url: \$\{env:HOST\} is filled in when a deployment is/],
    ['https://x.example.com/${secret:weather-token}', /url: takes no \$\{secret/],
  ])('the URL %s is refused', async (given, message) => {
    const cli = await aServersCli();
    const error = await cli.errorOf('upstreams', 'add', 'weather', '--url', given);
    expect(error).toMatchObject({ exitCode: 2, code: 'INVALID_INPUT' });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('abc');
    expect(await cli.upstreams.listUpstreams()).toEqual([]);
  });

  it('loopback is for deployments that allow it, and never the deployment itself', async () => {
    const cli = await aServersCli({
      deployment: { allowLoopback: true, hosts: ['127.0.0.1:7400'] },
    });
    await cli.json('upstreams', 'add', 'weather', '--url', 'http://127.0.0.1:7500/mcp');
    for (const own of [
      'http://127.0.0.1:7400/mcp',
      'http://localhost:7400/mcp',
      'http://[::1]:7400',
    ]) {
      expect(await cli.errorOf('upstreams', 'add', 'own', '--url', own)).toMatchObject({
        message: expect.stringContaining('is this deployment itself') as string,
      });
    }
    expect(
      await cli.errorOf('upstreams', 'add', 'lan', '--url', 'http://10.0.0.1/mcp'),
    ).toMatchObject({ message: expect.stringContaining('has an address for a host') as string });
  });

  it('a plain secret is refused without being repeated', async () => {
    const cli = await aServersCli();
    const { message, exitCode } = await cli.errorOf(
      ...['upstreams', 'add', 'weather', '--url', url, '--header', 'Authorization=Bearer canary'],
    );
    expect(exitCode).toBe(2);
    expect(message).toMatch(/headers\.Authorization: looks like a secret/);
    expect(message).not.toContain('canary');
  });

  it('text that is no JSON is refused without being repeated', async () => {
    const cli = await aServersCli();
    const { message } = await cli.errorOf('upstreams', 'add', 'weather', '{"url": "x", canary}');
    expect(message).toMatch(/^The entry is not JSON/);
    expect(message).not.toContain('canary');
  });

  it.each([
    [['weather'], /which server\?/],
    [['weather', '{}', '--url', url], /more than once/],
    [['--url', url], /give the server a name/],
    [['a', 'b', '--url', url], /one name at most/],
    [['weather', '--url', url, '--openapi', 'x.json'], /not both/],
    [['weather', '--openapi', 'x.json'], /--base-url too/],
    [['weather', '{"url":"https://x.example.com"}', '--header', 'a=b'], /go with --url/],
    [['weather', '--url', url, '--header', 'canary'], /Name=Value/],
    [['weather', '--file', 'not-there.json'], /not-there\.json cannot be read: ENOENT/],
    [['weather', '-'], /no standard input/],
  ])('%j is wrong as typed', async (args, message) => {
    const cli = await aServersCli();
    const error = await cli.errorOf('upstreams', 'add', ...args);
    expect(error).toMatchObject({ exitCode: 2, code: 'USAGE' });
    expect(error.message).toMatch(message);
  });

  it.each([
    ['[]', /must be an object/],
    ['{"mcpServers":{}}', /has no servers/],
    [
      '{"mcpServers":{"a":{"url":"https://a.example.com"},"b":{}}}',
      /mcpServers\.b: needs "command"/,
    ],
    ['{"mcpServers":{"A b":{"url":"https://a.example.com"}}}', /mcpServers\.A b: a server name is/],
    ['{"mcpServers":[]}', /mcpServers/],
    ['{"url":"https://a.example.com"}', /give the server's name before it/],
    [
      '{"mcpServers":{"a":{"url":"https://a.example.com","environments":["dev"]}}}',
      /a\.environments/,
    ],
    [
      '{"mcpServers":{"a":{"url":"https://a.example.com","hedaers":{}}}}',
      /hedaers: there is no such/,
    ],
  ])('the document %s is refused', async (document, message) => {
    const piped = await aServersCli({ input: document });
    const refused = await piped.errorOf('upstreams', 'add', '-');
    expect(refused).toMatchObject({ exitCode: 2, code: 'INVALID_INPUT' });
    expect(refused.message).toMatch(message);
  });
});
