import { figure, noise, percent, table, verdict } from './table.ts';
import type { Spread } from './statistics.ts';
import type { UpstreamResult } from './upstreams.ts';

const eras = { legacy: 'HTTP of 2025', modern: 'HTTP of 2026-07-28' } as const;

const withSpread = ({ median, spread }: Spread): string =>
  `${figure(median)} ±${percent(spread / 2)}`;

/** The part `upstreams` as Markdown. */
export const upstreamReport = (result: UpstreamResult): string => {
  const { rounds, secondsEach, leastCalls, stdio, http, own, lists, targets } = result;
  return [
    '## Upstreams',
    `Milliseconds of one warm call, one at a time; medians of ${rounds} interleaved rounds of ${secondsEach} s, or of ` +
      `${leastCalls} calls where that takes longer, and half the distance of the extremes. Every answer was checked. Each ` +
      `row has a client process of its own.`,
    '### A stdio server',
    `\`echo\` of the \`server-everything\` that \`config/mcp.json\` deploys: the same files for every row, under the same Node. ` +
      `The sandbox function is called as the mcp function calls it: a signed InvokeWithResponseStream over HTTP to the twin's ` +
      `Lambda. The twin and the bridges are called by the SDK's client over HTTP, the server itself by the SDK's client over ` +
      `stdio. AWS's adapter is its API Gateway handler called in the client's process, without HTTP, Lambda or a key: it ` +
      `starts the server for each call and stops it. With the least server it starts one of the SDK with two tools. × is ` +
      `against the ${result.yardstick} in the same round. p99 of few calls is the slowest of a round.`,
    table(
      ['', 'p50 ms', 'p99 ms', 'calls', '× p50'],
      stdio.map(({ name, p50Ms, p99Ms, calls, ratio }) => [
        name,
        withSpread(p50Ms),
        figure(p99Ms),
        figure(calls),
        figure(ratio),
      ]),
    ),
    '### An HTTP server',
    `\`echo\` of a server of the SDK, called by the SDK's client: directly, and through the twin with a key. One of our own ` +
      `tools through the twin, \`${own.name}\`: ${withSpread(own.p50Ms)} ms.`,
    table(
      ['', 'direct p50 ms', 'twin p50 ms', 'added ms'],
      http.map(({ era, directMs, twinMs, addedMs }) => [
        eras[era],
        withSpread(directMs),
        withSpread(twinMs),
        figure(addedMs),
      ]),
    ),
    '### tools/list',
    'An upstream of 1,000 tools and our own two, through the twin with a key.',
    table(
      ['', 'requests', 'p50 ms', 'p99 ms'],
      lists.map(({ name, requests, p50Ms, p99Ms }) => [
        name,
        String(requests),
        withSpread(p50Ms),
        figure(p99Ms),
      ]),
    ),
    '### Targets',
    table(
      ['', 'measured', 'target', ''],
      targets.map(({ name, value, bound, met }) => [name, figure(value), bound, verdict(met)]),
    ),
    noise(result.othersShare),
  ].join('\n\n');
};
