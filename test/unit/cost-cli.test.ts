import { describe, expect, it } from 'vitest';
import type { CostSource } from '../../cli/commands/cost.ts';
import { CliError } from '../../cli/errors.ts';
import { runCli } from '../../cli/program.ts';
import type { StackTemplate } from '../../src/cost/templates.ts';
import { assumptions, trafficProfiles } from '../../src/cost/traffic.ts';
import { aStack, road } from './cost-fixtures.ts';

const acl = { Type: 'AWS::WAFv2::WebACL', Properties: { Rules: [{}, {}] } };

const run = async (
  argv: string,
  stacks: readonly StackTemplate[] = [aStack({ ...road, Acl: acl })],
) => {
  const sources: CostSource[] = [];
  let out = '';
  let err = '';
  const exitCode = await runCli(argv.split(' '), {
    terminal: { out: (text) => (out += text), err: (text) => (err += text) },
    connect: () => Promise.reject(new Error('cost connects to nothing')),
    readStacks: async (source) => {
      sources.push(source);
      return stacks;
    },
  });
  return { exitCode, out, err, sources };
};

const json = async (argv: string) => {
  const { exitCode, out, err } = await run(`${argv} --json`);
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  return JSON.parse(out) as Record<string, unknown> & {
    readonly usd: Readonly<Record<string, number>>;
    readonly traffic: Readonly<Record<string, number>>;
  };
};

describe('cost', () => {
  it('prints every line with its price, sums, assumptions, and what is left out', async () => {
    const { exitCode, out } = await run('cost --refusal-reasons 0');
    expect(exitCode).toBe(0);
    const [title, ...rest] = out.split('\n');
    expect(title).toBe('test-Gateway');
    expect(rest[0]).toBe('List prices of us-east-1, 2026-11-28, USD a month; traffic "typical".');
    const cells = rest.map((line) => line.trim().split(/ {2,}/u));
    expect(cells).toEqual(
      expect.arrayContaining([
        ['WHEN', 'SERVICE', 'WHAT', 'QUANTITY', 'OF', 'PRICE', 'USD'],
        ['always', 'WAF', 'web ACL', '1', 'web ACL', '5.00', '5.00'],
        ['always', 'WAF', 'rules and managed groups', '2', 'rule', '1.00', '2.00'],
        ['requests', 'API Gateway', 'requests', '1,000,000', 'request', '3.50 a million', '3.50'],
        ['requests', 'WAF', 'requests', '1,000,000', 'request', '0.60 a million', '0.60'],
        [
          'requests',
          'Lambda',
          'MCP function, time in 1024 MB',
          '120,000',
          'GB-second',
          '13.3334 a million',
          '1.60',
        ],
        ['fixed, per month', '7.00'],
        // 3.50 + 0.60 + 0.20 + 1.60 + data out 0.5150 + authorizer 0.02 + 0.0133
        ['for 1,000,000 requests', '6.45'],
        ['that month', '13.45'],
        ['an answer', '6 KB', '--response-kb'],
        ['reasons for which requests are refused', '0 (given)', '--refusal-reasons'],
        ['free tiers, taxes and support: they are of the account'],
      ]),
    );
    expect(out).not.toContain('not verified');
  });

  it('--json has the lines, the prices with their sources, and the sums', async () => {
    const view = await json('cost --requests 2_000_000');
    expect(view).toMatchObject({
      region: 'us-east-1',
      date: '2026-11-28',
      profile: 'typical',
      requests: 2_000_000,
      stacks: [{ name: 'test-Gateway', region: 'us-east-1' }],
      prices: {
        wafAcl: {
          tiers: [{ usd: 5 }],
          source: 'https://aws.amazon.com/waf/pricing/',
          verified: true,
        },
      },
    });
    expect(view.lines).toContainEqual({
      basis: 'idle',
      service: 'WAF',
      what: 'web ACL',
      quantity: 1,
      price: 'wafAcl',
      unit: 'web ACL',
      usd: 5,
      verified: true,
      resources: ['test-Gateway/Acl'],
    });
    const { idle = 0, inUse = 0, requests = 0, total = 0, perMillionRequests = 0 } = view.usd;
    expect(total).toBeCloseTo(idle + inUse + requests, 9);
    expect(perMillionRequests).toBeCloseTo(requests / 2, 9);
  });

  it('says of a price that it is not verified', async () => {
    const Composite = { Type: 'AWS::CloudWatch::CompositeAlarm' };
    const { out } = await run('cost', [aStack({ ...road, Composite })]);
    expect(out).toMatch(/composite alarms .*0\.50 \* +0\.50\n/);
    expect(out).toContain('* not verified');
  });

  it('says that prices are of another region than the stacks', async () => {
    const { out } = await run('cost', [{ ...aStack(road), region: 'eu-central-1' }]);
    expect(out).toContain('The stacks are in eu-central-1, and prices are those of us-east-1.');
    expect((await run('cost')).out).not.toContain('The stacks are in');
  });

  it('with no requests has what is fixed', async () => {
    const { out } = await run('cost --requests 0');
    expect(out).toContain('fixed, per month');
    expect(out).not.toContain('that month');
  });
});

describe('which templates', () => {
  it.each([
    ['cost', { config: 'prod' }],
    ['cost --config dev', { config: 'dev' }],
    ['--env dev cost', { config: 'dev' }],
    ['--env dev cost --config local', { config: 'local' }],
    ['cost --cdk-out cdk.out', { cdkOut: 'cdk.out' }],
  ])('%s', async (argv, source) => {
    expect((await run(argv)).sources).toEqual([source]);
  });

  it('two answers are refused', async () => {
    const { exitCode, err } = await run('cost --config dev --cdk-out cdk.out');
    expect(exitCode).toBe(2);
    expect(err).toContain('give one');
  });
});

describe('which traffic', () => {
  it.each(['cost --traffic heavy', 'cost --profile heavy', '--profile heavy cost'])(
    '%s has the assumptions of heavy',
    async (argv) => {
      const { profile, traffic } = await json(argv);
      expect(profile).toBe('heavy');
      expect(traffic).toEqual(trafficProfiles.heavy);
    },
  );

  it('every assumption has an option that replaces it', async () => {
    for (const [name, { unit }] of Object.entries(assumptions)) {
      const flag = `--${name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
      const value = unit === 'share' ? 0.25 : 7;
      const { traffic, given } = await json(`cost ${flag} ${value}`);
      expect(traffic).toEqual({ ...trafficProfiles.typical, [name]: value });
      expect(given).toEqual([name]);
    }
  });

  it.each([
    ['cost --profile my-aws-account', '"my-aws-account" is no kind of traffic'],
    ['cost --traffic small --profile heavy', 'two kinds of traffic'],
    ['cost --traffic huge', 'Allowed choices are small, typical, heavy'],
    ['cost --tool-call-share 1.5', 'It is a share'],
    ['cost --own-ms -1', 'It is a number'],
    ['cost --requests many', 'whole number'],
    ['cost --requests 1e6', 'whole number'],
  ])('%s is refused', async (argv, reason) => {
    const { exitCode, out, err } = await run(argv);
    expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' });
    expect(err).toContain(reason);
  });
});

describe('what goes wrong', () => {
  it('a resource without a price fails the command and is named', async () => {
    const stacks = [aStack({ ...road, Nat: { Type: 'AWS::EC2::NatGateway' } })];
    expect(await run('cost --json', stacks)).toMatchObject({
      exitCode: 1,
      out: '',
      err: '{"error":{"code":"PRICE_UNKNOWN","message":"no price known for AWS::EC2::NatGateway (test-Gateway/Nat)"}}\n',
    });
  });

  it('what synthesis says is shown', async () => {
    let err = '';
    const exitCode = await runCli(['cost'], {
      terminal: { out: () => undefined, err: (text) => (err += text) },
      connect: () => Promise.reject(new Error('unused')),
      readStacks: () =>
        Promise.reject(new CliError('SYNTHESIS_FAILED', 'there is no config/x.json')),
    });
    expect({ exitCode, err }).toEqual({ exitCode: 1, err: 'error: there is no config/x.json\n' });
  });
});
