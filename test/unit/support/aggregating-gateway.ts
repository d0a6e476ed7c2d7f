import { anAdmission } from './admission.ts';
import { Forwarding } from '../../../src/gateway/forwarding.ts';
import { Gateway, type GatewayOptions } from '../../../src/gateway/gateway.ts';
import { Pins, type NewTools } from '../../../src/gateway/pinned.ts';
import { createLog } from '../../../src/log/log.ts';
import { Sealer } from '../../../src/sealing/sealer.ts';
import type { Tool } from '../../../src/tools/tool.ts';
import type { UpstreamDirectory } from '../../../src/upstreams/directory.ts';
import type { UpstreamSpec } from '../../../src/upstreams/upstream-spec.ts';
import { directoryOf, InMemoryUpstream, specOf } from './in-memory-upstream.ts';

export interface AggregatingOptions {
  readonly own?: readonly Tool[];
  readonly newTools?: NewTools;
  readonly directory?: UpstreamDirectory;
  readonly specs?: readonly UpstreamSpec[];
  readonly maxResultBytes?: number;
}

/** A gateway over upstreams in this process, with a clock that is set by hand. */
export const anAggregatingGateway = (
  upstreams: Readonly<Record<string, InMemoryUpstream>>,
  options: AggregatingOptions = {},
) => {
  const at = { now: Date.UTC(2026, 10, 21, 9) };
  const lines: string[] = [];
  const counted: { values: object; dimensions: object | undefined }[] = [];
  const log = createLog(
    (line) => void lines.push(line),
    () => at.now,
  );
  const specs = options.specs ?? Object.keys(upstreams).map((name) => specOf(name));
  const parts: NonNullable<GatewayOptions['upstreams']> = {
    directory: options.directory ?? directoryOf(specs),
    upstreamOf: ({ name }) => upstreams[name] ?? new InMemoryUpstream(),
    pins: new Pins({
      newTools: options.newTools ?? 'allow',
      log,
      metrics: {
        emit: (values, dimensions) => void counted.push({ values, dimensions }),
      },
    }),
    forwarding: new Forwarding(
      new Sealer(
        async () => 's'.repeat(64),
        () => at.now,
      ),
    ),
    log,
    now: () => at.now,
  };
  const gateway = new Gateway({
    admission: anAdmission({ now: () => at.now }).admission,
    tools: options.own ?? [],
    toolTimeoutMs: 1_000,
    maxResultBytes: options.maxResultBytes ?? 10_000,
    log,
    upstreams: parts,
  });
  return { gateway, parts, at, lines, counted };
};
