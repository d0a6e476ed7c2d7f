import { parseArgs } from 'node:util';
import { runAsCommand } from '../support/suite.ts';
import { upstreamKinds } from './conformance-rig.ts';
import { conformanceSuite } from './suite.ts';

const { values } = parseArgs({
  options: {
    /** One kind of upstream: http or stdio. */
    only: { type: 'string' },
  },
});

const { only } = values;
const kinds = upstreamKinds.filter((kind) => only === undefined || kind === only);
if (kinds.length === 0) throw new Error(`--only is ${upstreamKinds.join(' or ')}, and not ${only}`);
await runAsCommand(conformanceSuite(kinds), { record: only === undefined });
