import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey } from '../../src/admin/keys.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { copyProject } from '../../proof/support/project-copy.ts';
import { upstreamAt, writeUpstream } from '../../test/integration/support/upstream-records.ts';
import type { Child } from '../child.ts';
import { watchOthers } from '../cpu.ts';
import { twinReady, type TwinOptions, type TwinReady } from '../messages.ts';
import { spreadOf, type Spread } from '../statistics.ts';
import { callerReady, callSample, type CallerOptions } from '../upstream-messages.ts';
import type { Start } from '../upstreams.ts';
import { plan } from '../workload.ts';
import { adminOf } from './admin.ts';
import { growthUpstreamsReady, type GrowthUpstreamsOptions } from './messages.ts';
import { measureKeys, type KeysResult } from './keys.ts';

/** What grows, and how far. */
export const steps = {
  tools: [10, 100, 1_000, 10_000],
  upstreams: [1, 5, 20, 50],
  bodyBytes: [1_000, 10_000, 100_000, 1_000_000, 5_000_000],
} as const;

/** One upstream shows so many tools at most (src/gateway/definitions.ts). */
const toolsPerUpstream = 1_000;
const toolsOfSmall = 10;
const ownTools = 2;
const pageTools = 100;

export interface GrowthPoint {
  readonly size: number;
  readonly p50Ms: Spread;
}

export interface GrowthSeries {
  readonly name: string;
  readonly points: readonly GrowthPoint[];
}

export interface GrowthChart {
  readonly id: 'tools' | 'upstreams' | 'bodies';
  readonly title: string;
  readonly unit: string;
  readonly series: readonly GrowthSeries[];
}

export interface GrowthResult {
  readonly rounds: number;
  readonly charts: readonly GrowthChart[];
  readonly keys: KeysResult;
  readonly othersShare: number | undefined;
}

export interface GrowthOptions {
  readonly directory: string;
  /** The authorizer's bundle. */
  readonly authorizerDirectory: string;
  readonly start: Start;
  readonly rounds: number;
  readonly each: { readonly seconds: number; readonly least: number };
  readonly mostKeys: number;
  readonly say: (line: string) => void;
}

interface Case {
  readonly chart: GrowthChart['id'];
  readonly series: string;
  readonly size: number;
  readonly caller: CallerOptions;
}

/** A project without servers of its own that takes bodies as large as API Gateway does. */
const growthProject = () =>
  copyProject({}, (directory) => {
    const file = join(directory, 'config', 'local.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as { waf: object };
    config.waf = { ...config.waf, maxBodyBytes: 10_000_000 };
    writeFileSync(file, JSON.stringify(config));
  });

/** A tenant that sees upstreams at these URLs, by its key. */
const tenantWith = async (
  admin: AdminPorts,
  tenant: string,
  urls: readonly string[],
): Promise<string> => {
  await createTenant(admin, { tenant, plan });
  for (const [index, url] of urls.entries()) {
    await writeUpstream(admin, upstreamAt(`u${index}`, url, { scope: tenant }));
  }
  return (await createKey(admin, { tenant, name: 'bench' })).key;
};

const casesOf = async (
  admin: AdminPorts,
  { url }: TwinReady,
  urls: { readonly bySize: Readonly<Record<string, string>>; readonly small: string },
): Promise<readonly Case[]> => {
  const cases: Case[] = [];
  const add = (of: Omit<Case, 'caller'>, key: string, tools: number) => {
    const headers = { authorization: `Bearer ${key}` };
    const pages = 'first' as const;
    const listed = Math.min(pageTools, tools + ownTools);
    const call = { name: 'u0_echo', arguments: { text: 'hello' }, text: 'hello' };
    cases.push(
      {
        ...of,
        series: 'tools/list, a page',
        caller: { kind: 'list', url, headers, pages, tools: listed },
      },
      { ...of, series: 'tools/call', caller: { kind: 'http', url, headers, era: 'modern', call } },
    );
  };
  for (const size of steps.tools) {
    const each = Math.min(size, toolsPerUpstream);
    const servers = Array.from({ length: size / each }, () => urls.bySize[each] ?? '');
    const key = await tenantWith(admin, `tools-${size}`, servers);
    add({ chart: 'tools', series: '', size }, key, size);
  }
  for (const size of steps.upstreams) {
    const servers = Array.from({ length: size }, () => urls.small);
    const key = await tenantWith(admin, `upstreams-${size}`, servers);
    add({ chart: 'upstreams', series: '', size }, key, size * toolsOfSmall);
  }
  const key = await tenantWith(admin, 'bodies', [urls.small]);
  for (const size of steps.bodyBytes) {
    // It answers with as many bytes as it is asked for, whatever else it gets.
    const call = { name: 'u0_big', arguments: { bytes: 1 }, text: 'x', padding: size };
    const headers = { authorization: `Bearer ${key}` };
    const caller: CallerOptions = { kind: 'http', url, headers, era: 'modern', call };
    cases.push({ chart: 'bodies', series: 'tools/call', size, caller });
  }
  return cases;
};

const titles: Readonly<Record<GrowthChart['id'], readonly [string, string]>> = {
  tools: ['Tools that a caller sees', 'tools'],
  upstreams: ['Upstreams of 10 tools each', 'upstreams'],
  bodies: ['Size of a call to an HTTP upstream', 'bytes'],
};

/** One twin; each size is a tenant of its own, and all sizes are measured in each round. */
export const measureGrowth = async (options: GrowthOptions): Promise<GrowthResult> => {
  const { directory, start, rounds, each, say } = options;
  const project = await growthProject();
  const stateDirectory = join(directory, 'growth-state');
  mkdirSync(stateDirectory);
  const twinOptions: TwinOptions = {
    projectDirectory: project.directory,
    cdkOut: project.cdkOut,
    stateDirectory,
    plan,
  };
  const started: Child<unknown>[] = [];
  try {
    const twin = await start('servers/twin.ts', twinOptions, twinReady);
    started.push(twin);
    const sizes = [
      ...new Set([toolsOfSmall, ...steps.tools.map((n) => Math.min(n, toolsPerUpstream))]),
    ];
    const upstreamOptions: GrowthUpstreamsOptions = { sizes };
    const servers = await start('growth/upstreams.ts', upstreamOptions, growthUpstreamsReady);
    started.push(servers);
    const admin = await adminOf(project.directory, stateDirectory);
    const bySize = servers.ready.urls;
    const cases = await casesOf(admin, twin.ready, { bySize, small: bySize[toolsOfSmall] ?? '' });
    const others = watchOthers();
    const samples = new Map<Case, number[]>(cases.map((one) => [one, []]));
    const callers: (readonly [Case, Child<unknown>])[] = [];
    for (const one of cases) {
      say(`growth: starting ${one.chart}, ${one.series}, ${one.size}`);
      const child = await start('servers/caller.ts', one.caller, callerReady);
      started.push(child);
      callers.push([one, child]);
    }
    for (let round = 0; round <= rounds; round++) {
      for (const [one, child] of callers) {
        const { p50Ms } = await child.ask(each, callSample);
        if (round > 0) samples.get(one)?.push(p50Ms);
      }
      if (round > 0) say(`growth: round ${round}/${rounds}`);
    }
    const othersShare = others();
    for (const child of started.splice(0).reverse()) await child.stop();
    const keys = await measureKeys({ ...options, twinOptions, directory });
    return { rounds, charts: chartsOf(samples), keys, othersShare };
  } finally {
    for (const child of started.reverse()) await child.stop();
    project.remove();
  }
};

const chartsOf = (samples: ReadonlyMap<Case, readonly number[]>): readonly GrowthChart[] =>
  (['tools', 'upstreams', 'bodies'] as const).map((id) => {
    const own = [...samples].filter(([{ chart }]) => chart === id);
    const names = [...new Set(own.map(([{ series }]) => series))];
    const [title, unit] = titles[id];
    return {
      id,
      title,
      unit,
      series: names.map((name) => ({
        name,
        points: own
          .filter(([{ series }]) => series === name)
          .map(([{ size }, values]) => ({ size, p50Ms: spreadOf(values) }))
          .sort((a, b) => a.size - b.size),
      })),
    };
  });

/** Of a series: its last point in multiples of its first. */
export const growthOf = ({ points }: GrowthSeries): number =>
  (points.at(-1)?.p50Ms.median ?? Number.NaN) / (points[0]?.p50Ms.median ?? Number.NaN);
