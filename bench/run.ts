import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as z from 'zod';
import { buildAdapterFunction } from './adapter-function.ts';
import { countAuthorizerReads } from './authorizer-reads.ts';
import { startChild, type Child } from './child.ts';
import { coldStartCases } from './cold-cases.ts';
import { measureColdStarts } from './cold-start.ts';
import { synthesizeBelow, type Deployed } from './deployed.ts';
import { measureGrowth } from './growth/growth.ts';
import { measureInFunction, type InFunctionResult } from './in-function.ts';
import { measureLanes, type LaneResult } from './lanes.ts';
import { describeMachine } from './machine.ts';
import {
  laneReady,
  loadReady,
  serverReady,
  twinCounts,
  twinReady,
  type InFunctionOptions as InFunctionRole,
  type LaneOptions,
  type TwinOptions,
  type TwinReady,
} from './messages.ts';
import type { BenchOptions } from './options.ts';
import { measurePolicy } from './policy.ts';
import type { BenchResults } from './report.ts';
import { measureSizes } from './sizes.ts';
import { measureThroughput, type Target, type ThroughputResult } from './throughput.ts';
import { startPeerTargets, stdioServer } from './peer-targets.ts';
import { ensurePeers } from './peers.ts';
import { untilAnswered } from './start-up.ts';
import { manyTools, type Surroundings } from './upstream-cases.ts';
import { httpUpstreamsReady, type HttpUpstreamsOptions } from './upstream-messages.ts';
import { measureUpstreams, type Start, type UpstreamResult } from './upstreams.ts';
import { createWorkload, plan, type Workload } from './workload.ts';

const scales = {
  full: {
    throughput: { rounds: 3, secondsEach: 3, warmUp: { answers: 20_000, maxSeconds: 90 } },
    lanes: { rounds: 7, share: 1 },
    inFunction: { rounds: 9, share: 1 },
    policies: { rounds: 7, share: 1 },
    upstreams: { rounds: 3, each: { seconds: 1.5, least: 10 } },
    growth: { rounds: 5, each: { seconds: 0.5, least: 10 }, mostKeys: 1_000_000 },
    coldRounds: 15,
  },
  quick: {
    throughput: { rounds: 3, secondsEach: 0.6, warmUp: { answers: 2_000, maxSeconds: 3 } },
    lanes: { rounds: 3, share: 0.2 },
    inFunction: { rounds: 3, share: 0.2 },
    policies: { rounds: 3, share: 0.1 },
    upstreams: { rounds: 3, each: { seconds: 0.2, least: 2 } },
    growth: { rounds: 1, each: { seconds: 0.1, least: 2 }, mostKeys: 1_000 },
    coldRounds: 5,
  },
} as const;
type Scale = (typeof scales)[keyof typeof scales];

const connections = [1, 10, 50] as const;
const readsEach = 20;
const yardstick = 'plain SDK server';

/** @throws Error when figures were taken of something that failed. */
const assertNoFaults = async (twin: Child<TwinReady>): Promise<void> => {
  const { functionErrors, throttles } = await twin.ask({}, twinCounts);
  if (functionErrors + throttles > 0) {
    throw new Error(`The twin had ${functionErrors} function errors and ${throttles} throttles.`);
  }
};

/** One run. What it starts, `close` ends in reverse order, whatever became of the run. */
export class Bench {
  readonly #options: BenchOptions;
  readonly #projectDirectory: string;
  readonly #say: (line: string) => void;
  readonly #closing: (() => void | Promise<void>)[] = [];
  #closed: Promise<void> | undefined;

  constructor(options: BenchOptions, projectDirectory: string, say: (line: string) => void) {
    this.#options = options;
    this.#projectDirectory = projectDirectory;
    this.#say = say;
  }

  /** However often it is called, it resolves when nothing is left. */
  close(): Promise<void> {
    return (this.#closed ??= this.#endAll());
  }

  async #endAll(): Promise<void> {
    for (let step = this.#closing.pop(); step !== undefined; step = this.#closing.pop()) {
      await step();
    }
  }

  /** @throws Error when a server does not start, or anything is answered wrongly. */
  async run(): Promise<BenchResults> {
    const { parts, quick, variantDirectory } = this.#options;
    const scale = quick ? scales.quick : scales.full;
    const machine = describeMachine(this.#projectDirectory);
    const directory = mkdtempSync(join(tmpdir(), 'drawbridge-bench-'));
    this.#closing.push(() => rmSync(directory, { recursive: true, force: true }));

    this.#say('synthesizing what cdk deploy would deploy …');
    const synthesis = synthesizeBelow(directory, this.#projectDirectory);
    this.#closing.push(async () => void (await Promise.allSettled([synthesis])));
    const deployed = await synthesis;
    const workload = await createWorkload(deployed.functions.mcp.codeDirectory);
    const { params, documents, expectedText } = workload;
    const about = { params, documents, resultBytes: Buffer.byteLength(expectedText) };
    const sizes = parts.has('size')
      ? { sizes: await measureSizes(deployed, this.#projectDirectory) }
      : {};
    if (parts.size === 1 && parts.has('size')) return { machine, workload: about, ...sizes };

    const twinOptions: TwinOptions = {
      projectDirectory: this.#projectDirectory,
      cdkOut: deployed.cdkOut,
      stateDirectory: join(directory, 'state'),
      plan,
    };
    const startedAt = performance.now();
    const twin = await this.#start('servers/twin.ts', twinOptions, twinReady);
    const twinStartUpMs = await untilAnswered(
      {
        url: twin.ready.url,
        headers: { authorization: `Bearer ${twin.ready.apiKey}` },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
      },
      startedAt,
    );
    const { displayName } = deployed.functions.authorizer;
    return {
      machine,
      workload: about,
      ...(parts.has('reads')
        ? { authorizerReads: await countAuthorizerReads(twin, displayName, workload, readsEach) }
        : {}),
      ...(parts.has('throughput')
        ? { throughput: await this.#throughput(twin, twinStartUpMs, workload, scale.throughput) }
        : {}),
      ...(parts.has('lanes') ? { lanes: await this.#lanes(twin, deployed, scale.lanes) } : {}),
      ...(parts.has('function')
        ? { inFunction: await this.#inFunction(twin, deployed, workload, scale.inFunction) }
        : {}),
      ...(parts.has('policies')
        ? {
            policies: measurePolicy({
              ...scale.policies,
              codeDirectory: deployed.functions.mcp.codeDirectory,
              say: this.#say,
            }),
          }
        : {}),
      ...(parts.has('upstreams')
        ? {
            upstreams: await this.#upstreams(
              twin,
              { deployed, workload, stateDirectory: twinOptions.stateDirectory },
              scale.upstreams,
            ),
          }
        : {}),
      ...(parts.has('growth')
        ? {
            growth: await measureGrowth({
              ...scale.growth,
              directory,
              authorizerDirectory: deployed.functions.authorizer.codeDirectory,
              start: (...of) => this.#start(...of),
              say: this.#say,
            }),
          }
        : {}),
      ...(parts.has('cold')
        ? {
            coldStart: await measureColdStarts({
              cases: coldStartCases(
                deployed,
                twin.ready,
                workload,
                variantDirectory,
                await this.#adapter(directory, deployed, workload),
              ),
              awsEnvironment: twin.ready.awsEnvironment,
              rounds: scale.coldRounds,
              say: this.#say,
            }),
          }
        : {}),
      ...sizes,
    };
  }

  async #start<S extends z.ZodType>(
    file: string,
    options: object,
    ready: S,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<Child<z.infer<S>>> {
    const child = await startChild(file, options, ready, environment);
    this.#closing.push(() => child.stop());
    return child;
  }

  async #adapter(directory: string, { functions }: Deployed, workload: Workload) {
    await ensurePeers();
    const code = join(directory, 'adapter');
    mkdirSync(code);
    return buildAdapterFunction(this.#projectDirectory, code, functions.mcp, workload);
  }

  async #inFunction(
    { ready }: Child<TwinReady>,
    { functions }: Deployed,
    { contentIndexFile, params, expectedText }: Workload,
    scale: Scale['inFunction'],
  ): Promise<InFunctionResult> {
    const { codeDirectory } = functions.mcp;
    const options: InFunctionRole = {
      codeDirectory,
      contentIndexFile,
      caller: ready,
      params,
      expectedText,
    };
    const child = await this.#start('servers/in-function.ts', options, laneReady, {
      ...ready.mcpEnvironment,
      ...ready.awsEnvironment,
      LAMBDA_TASK_ROOT: codeDirectory,
    });
    const result = await measureInFunction({ ...scale, child, say: this.#say });
    await child.stop();
    return result;
  }

  async #lanes(
    { ready }: Child<TwinReady>,
    { functions }: Deployed,
    scale: Scale['lanes'],
  ): Promise<LaneResult> {
    const { apiKey, accessToken, authorizerEnvironment, awsEnvironment } = ready;
    const { codeDirectory } = functions.authorizer;
    const options: LaneOptions = { codeDirectory, apiKey, accessToken };
    const child = await this.#start('servers/authorizer.ts', options, laneReady, {
      ...authorizerEnvironment,
      ...awsEnvironment,
    });
    const result = await measureLanes({ ...scale, child, say: this.#say });
    await child.stop();
    return result;
  }

  async #throughput(
    twin: Child<TwinReady>,
    twinStartUpMs: number,
    workload: Workload,
    scale: Scale['throughput'],
  ): Promise<ThroughputResult> {
    const result = await measureThroughput({
      ...scale,
      targets: await this.#targets(twin, twinStartUpMs, workload),
      yardstick,
      load: await this.#start('load.ts', {}, loadReady),
      workload,
      connections,
      say: this.#say,
    });
    await assertNoFaults(twin);
    return result;
  }

  async #upstreams(
    twin: Child<TwinReady>,
    surroundings: Pick<Surroundings, 'deployed' | 'workload' | 'stateDirectory'>,
    scale: Scale['upstreams'],
  ): Promise<UpstreamResult> {
    const peers = await ensurePeers();
    const options: HttpUpstreamsOptions = { manyTools };
    const servers = await this.#start('servers/http-upstreams.ts', options, httpUpstreamsReady);
    const result = await measureUpstreams({
      ...scale,
      ...surroundings,
      projectDirectory: this.#projectDirectory,
      twin: twin.ready,
      upstreams: servers.ready,
      peers,
      start: (...of) => this.#start(...of),
      say: this.#say,
    });
    await servers.stop();
    await assertNoFaults(twin);
    return result;
  }

  async #targets(
    twin: Child<TwinReady>,
    twinStartUpMs: number,
    workload: Workload,
  ): Promise<readonly Target[]> {
    const { contentIndexFile, expectedText, params } = workload;
    const start: Start = (...of) => this.#start(...of);
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
    const started = async (file: string, options: object) => {
      const startedAt = performance.now();
      const { pid, ready } = await start(file, options, serverReady);
      const { url } = ready;
      return { pid, url, startUpMs: await untilAnswered({ url, body }, startedAt) };
    };
    const plain = await started('servers/plain-sdk.ts', { contentIndexFile });
    const echo = await started('servers/echo.ts', {});
    const expected = { kind: 'search', text: expectedText } as const;
    const headers = { authorization: `Bearer ${twin.ready.apiKey}` };
    const { pid, ready } = twin;
    return [
      { name: 'twin', pid, url: ready.url, headers, expected, startUpMs: twinStartUpMs },
      { name: yardstick, ...plain, expected },
      { name: 'node:http echo', ...echo, expected: { kind: 'echo' } },
      ...(await startPeerTargets(
        await ensurePeers(),
        stdioServer(this.#projectDirectory, workload),
        workload,
        start,
      )),
    ];
  }
}
