import { describe, expect, it } from 'vitest';
import {
  lockFiles,
  readProject,
  refusalOf,
  type ProjectOptions,
} from './support/upstream-project.ts';

const weather = { url: 'https://weather.example.com/mcp' };
const only = (name: string, entry: unknown) => ({ mcpServers: { [name]: entry } });

const npx = (...args: readonly string[]) => ({ command: 'npx', args });
const locked = lockFiles('files', '@acme/files', '1.2.3');
const add = 'run `npx drawbridge upstreams add` with this entry (--replace), which records it';

describe('a configuration that is not right is refused with the place and what to write', () => {
  const cases: readonly (readonly [string, unknown, readonly string[], ProjectOptions?])[] = [
    [
      'text that is no JSON',
      '{"mcpServers": {',
      [expect.stringMatching(/^\(file\): is not JSON: /)],
    ],
    [
      'an unknown key at the top',
      { mcpServers: {}, server: {} },
      ['server: there is no such setting'],
    ],
    [
      'an unknown key of an entry',
      only('weather', { ...weather, header: {} }),
      ['mcpServers.weather.header: there is no such setting'],
    ],
    [
      'a missing command',
      only('files', { args: ['-y', 'x'] }),
      [
        'mcpServers.files: needs "command" (a stdio server), "url" (an HTTP server) or "openapi" (a REST API)',
      ],
    ],
    [
      'a URL with credentials in it',
      only('weather', { url: 'https://me:canary@weather.example.com/mcp' }),
      [
        'mcpServers.weather.url: has a user name or password in it: send "Authorization" with "${secret:NAME}" in headers',
      ],
    ],
    [
      'a URL whose variable has credentials in it',
      only('weather', { url: 'https://${env:HOST}/mcp' }),
      [
        'mcpServers.weather.url: has a user name or password in it: send "Authorization" with "${secret:NAME}" in headers',
      ],
      { environment: { HOST: 'me:canary@weather.example.com' } },
    ],
    [
      'a URL with a key in it',
      only('weather', { url: 'https://weather.example.com/mcp?api_key=canary' }),
      [
        'mcpServers.weather.url: has "api_key" in it, which looks like a secret: send it in a header, as "${secret:NAME}"',
      ],
    ],
    [
      'duplicate prefixes',
      { mcpServers: { weather, other: { ...weather, prefix: 'weather' } } },
      ['mcpServers.other.prefix: "weather" is the prefix of "weather" already: choose another'],
    ],
    [
      'an npx package without a version',
      only('files', npx('-y', '@acme/files', '/tmp')),
      [`mcpServers.files.args: @acme/files has no exact version (as in @acme/files@1.2.3): ${add}`],
      { files: locked },
    ],
    [
      'an npx package with a range',
      only('files', npx('-y', '@acme/files@^1.2.3')),
      [`mcpServers.files.args: @acme/files has no exact version (as in @acme/files@1.2.3): ${add}`],
      { files: locked },
    ],
    [
      'an npx package without a recorded version',
      only('files', npx('-y', '@acme/files@1.2.3')),
      [
        `mcpServers.files.args: @acme/files@1.2.3 has no recorded contents (config/stdio/files/package.json is missing): ${add}`,
      ],
    ],
    [
      'an npx package of another version than the recorded one',
      only('files', npx('-y', '@acme/files@1.2.4')),
      [
        `mcpServers.files.args: @acme/files@1.2.4 is not what config/stdio/files has recorded: ${add}`,
      ],
      { files: locked },
    ],
    [
      'a lock without integrity',
      only('files', npx('-y', '@acme/files@1.2.3')),
      [
        'mcpServers.files.args: config/stdio/files/package-lock.json has no integrity for node_modules/@acme/files: only packages of a registry can be vendored',
      ],
      { files: lockFiles('files', '@acme/files', '1.2.3', { integrity: null }) },
    ],
    [
      'a lock that was written by hand',
      only('files', npx('-y', '@acme/files@1.2.3')),
      [
        `mcpServers.files.args: @acme/files@1.2.3 is not what config/stdio/files has recorded: ${add}`,
      ],
      { files: { ...locked, 'config/stdio/files/package-lock.json': '{}' } },
    ],
    [
      'a package with several programs, none of its name',
      only('files', npx('-y', '@acme/files@1.2.3')),
      ['mcpServers.files.args: @acme/files has no program that npx would run'],
      { files: lockFiles('files', '@acme/files', '1.2.3', { bin: { a: 'a.js', b: 'b.js' } }) },
    ],
    [
      'an unknown secret',
      only('weather', { ...weather, headers: { Authorization: 'Bearer ${secret:weather}' } }),
      [
        'mcpServers.weather.headers.Authorization: there is no secret "weather" (config/dev.json has none): add the name to ' +
          '"secrets" there, deploy, and set it with `drawbridge --env dev secrets set weather`',
      ],
    ],
    [
      'an unknown secret of a stdio server',
      only('files', { ...npx('-y', '@acme/files@1.2.3'), env: { TOKEN: '${secret:token}' } }),
      [
        'mcpServers.files.env.TOKEN: there is no secret "token" (config/dev.json has other): add the name to ' +
          '"secrets" there, deploy, and set it with `drawbridge --env dev secrets set token`',
      ],
      { files: locked, secrets: ['other'] },
    ],
    [
      'a plain secret',
      only('weather', { ...weather, headers: { Authorization: 'Bearer canary' } }),
      [
        'mcpServers.weather.headers.Authorization: looks like a secret: write "${secret:NAME}" in its place, and keep the value in Secrets Manager',
      ],
    ],
    [
      'a variable in the place of a secret',
      only('weather', {
        ...weather,
        headers: { Authorization: '${secret:a} ${env:SUFFIX}', 'X-Other': '${env:GITHUB_TOKEN}' },
      }),
      [
        'mcpServers.weather.headers.Authorization: ${env:SUFFIX} would stand in the deployment for all to read: write "${secret:NAME}" in its place',
        'mcpServers.weather.headers.X-Other: ${env:GITHUB_TOKEN} would stand in the deployment for all to read: write "${secret:NAME}" in its place',
      ],
      { secrets: ['a'], environment: { SUFFIX: 'canary', GITHUB_TOKEN: 'canary' } },
    ],
    [
      'a variable that is not set',
      only('weather', { url: '${env:WEATHER_URL}' }),
      [
        'mcpServers.weather.url: ${env:WEATHER_URL} is not set: the variable WEATHER_URL must be in the environment of the synthesis',
      ],
    ],
    [
      'a variable that holds a reference',
      only('weather', { ...weather, headers: { 'X-A': '${env:A}' } }),
      ['mcpServers.weather.headers.X-A: ${env:A} holds "${", which would be read as a reference'],
      { environment: { A: '${secret:other}' }, secrets: ['other'] },
    ],
    [
      'a variable with a field',
      only('weather', { ...weather, headers: { 'X-A': '${env:A#b}' } }),
      ['mcpServers.weather.headers.X-A: ${env:A#b} has no fields: write ${env:A}'],
      { environment: { A: '{}' } },
    ],
    [
      'a variable that holds no URL',
      only('weather', { url: '${env:WEATHER_URL}' }),
      ['mcpServers.weather.url: is not a URL'],
      { environment: { WEATHER_URL: 'weather' } },
    ],
    [
      'http',
      only('weather', { url: 'http://weather.example.com/mcp' }),
      ['mcpServers.weather.url: must begin with https://'],
    ],
    [
      'the machine itself',
      only('weather', { url: 'http://127.0.0.1:9000/mcp' }),
      [
        'mcpServers.weather.url: is the machine itself: this deployment calls the public internet only',
      ],
    ],
    [
      'a private address',
      only('weather', { url: 'https://10.0.0.1/mcp' }),
      ['mcpServers.weather.url: has an address for a host: give its name'],
      { allowLoopback: true },
    ],
    [
      'our own address',
      only('weather', { url: 'https://mcp.example.com/mcp' }),
      ['mcpServers.weather.url: is this deployment itself, which would call itself'],
      { publicUrl: 'https://mcp.example.com' },
    ],
    [
      'an environment that there is not',
      only('weather', { ...weather, environments: ['dev', 'produktion'] }),
      [
        'mcpServers.weather.environments.1: there is no environment "produktion": config/ has dev, local, prod',
      ],
    ],
    [
      'a secret in the arguments',
      only('files', npx('-y', '@acme/files@1.2.3', '--api-key', 'canary', '--token=canary', '--n')),
      [
        'mcpServers.files.args.3: looks like a secret: give it in env, as "${secret:NAME}"',
        'mcpServers.files.args.4: looks like a secret: give it in env, as "${secret:NAME}"',
      ],
      { files: locked },
    ],
    [
      'a reference to a secret in the arguments',
      only('files', npx('-y', '@acme/files@1.2.3', '${secret:a}', '${a}')),
      [
        'mcpServers.files.args.2: takes no ${secret:…}: give it to the server in env',
        'mcpServers.files.args.3: ${a} is no reference: there is ${env:NAME}',
      ],
      { files: locked, secrets: ['a'] },
    ],
    [
      'uvx',
      only('time', { command: 'uvx', args: ['mcp-server-time'] }),
      [
        'mcpServers.time.command: "uvx" cannot run in the deployment: servers in other languages run from a container image: ' +
          'give "image", a folder of this project with a Dockerfile, in place of what starts it here',
      ],
    ],
    [
      'a program of the operator’s machine',
      only('time', { command: '/usr/local/bin/time-server' }),
      [
        'mcpServers.time.command: "/usr/local/bin/time-server" is not in the deployment: give "directory", a folder of this ' +
          'project with the server in it, or an npm package with "npx"',
      ],
    ],
    [
      'a folder that there is not',
      only('mine', { command: 'node', args: ['a.js'], directory: 'servers/mine' }),
      ['mcpServers.mine.directory: there is no folder "servers/mine" in this project'],
    ],
    [
      'a folder outside of the project',
      only('mine', { command: 'node', args: ['a.js'], directory: '../mine' }),
      ['mcpServers.mine.directory: "../mine" must be a folder in this project'],
    ],
    [
      'the whole project as a folder',
      only('mine', { command: 'node', args: ['a.js'], directory: '.' }),
      ['mcpServers.mine.directory: "." must be a folder in this project'],
    ],
    [
      'a script that is not built',
      only('mine', { command: 'node', args: ['dist/a.js'], directory: 'mine' }),
      ['mcpServers.mine.args.0: "dist/a.js" is not in mine: build it before'],
      { files: { 'mine/package.json': '{}' } },
    ],
    [
      'a program that is not in the folder',
      only('mine', { command: 'python', directory: 'mine' }),
      [
        'mcpServers.mine.command: must be "node", or a program in mine, for Linux on arm64: "python" is neither. ' +
          'What needs another runtime (uvx, docker, python) runs from a container image: give "image"',
      ],
      { files: { 'mine/package.json': '{}' } },
    ],
    [
      'a folder for an image without a Dockerfile',
      only('mine', { command: 'python', image: 'mine' }),
      ['mcpServers.mine.image: there is no Dockerfile in mine'],
      { files: { 'mine/package.json': '{}' } },
    ],
    [
      'a folder and an image',
      only('mine', { command: 'python', image: 'mine', directory: 'mine' }),
      ['mcpServers.mine.image: stands beside "directory": one of them is right'],
      { files: { 'mine/Dockerfile': '' } },
    ],
    [
      'an OpenAPI document that there is not',
      only('items', { openapi: 'items.json', baseUrl: 'https://items.example.com' }),
      ['mcpServers.items.openapi: there is no file "items.json" in this project'],
    ],
    [
      'an OpenAPI document that is not right',
      only('items', { openapi: 'items.json', baseUrl: 'https://items.example.com' }),
      [
        'mcpServers.items.openapi: items.json: swagger: Swagger 2.0 is not supported: convert the document to OpenAPI 3.1',
      ],
      { files: { 'items.json': JSON.stringify({ swagger: '2.0', info: {}, paths: {} }) } },
    ],
    [
      'more stdio servers than a function’s environment has room for',
      {
        mcpServers: Object.fromEntries(
          Array.from({ length: 13 }, (_, index) => [
            `mine${index}`,
            { command: 'node', args: ['a.js'], directory: 'mine' },
          ]),
        ),
      },
      ['mcpServers: has 13 stdio servers for dev; a deployment takes 12'],
      { files: { 'mine/a.js': '' } },
    ],
  ];

  for (const [title, mcpJson, problems, options] of cases) {
    it(title, async () => {
      expect(await refusalOf(mcpJson, options)).toEqual(problems);
    });
  }

  it('all mistakes of all entries are told at once, and no value of a secret', async () => {
    const message = await readProject(
      {
        mcpServers: {
          weather: { url: 'http://weather.example.com', headers: { 'X-A': '${secret:canary1}' } },
          files: npx('-y', '@acme/files'),
          other: { ...weather, prefix: 'o', headers: { Cookie: '${secret:b}${env:C}' } },
        },
      },
      { environment: { C: 'canary2' } },
    ).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(message.split('\n')).toEqual([
      'config/mcp.json is not right:',
      `  mcpServers.files.args: @acme/files has no exact version (as in @acme/files@1.2.3): ${add}`,
      expect.stringMatching(/^ {2}mcpServers\.other\.headers\.Cookie: \$\{env:C\} would stand/),
      expect.stringMatching(/^ {2}mcpServers\.weather\.headers\.X-A: there is no secret "canary1"/),
      '  mcpServers.weather.url: must begin with https://',
    ]);
    expect(message).not.toContain('canary2');
  });

  it('numbers after flags are no secrets', async () => {
    const entry = npx(
      '-y',
      '@acme/files@1.2.3',
      '--max-tokens',
      '4096',
      '--token-cache=true',
      '--key',
    );
    expect(await refusalOf(only('files', entry), { files: locked })).toEqual([]);
  });

  it('the machine itself is taken where the configuration allows it', async () => {
    const entry = { url: 'http://127.0.0.1:9000/mcp' };
    expect(await refusalOf(only('weather', entry), { allowLoopback: true })).toEqual([]);
  });

  it('entries of other environments are not looked into', async () => {
    const entry = { url: '${env:UNSET}', environments: ['local'] };
    expect(await refusalOf(only('weather', entry))).toEqual([]);
    expect(await refusalOf(only('weather', entry), { env: 'local' })).toHaveLength(1);
  });
});
