import * as z from 'zod';
import { suiteOptions } from '../support/options.ts';
import { runAsCommand } from '../support/suite.ts';
import { upstreamKinds } from './conformance-rig.ts';
import { conformanceSuite } from './suite.ts';

const { only } = suiteOptions({
  usage: `Usage: npm run conformance -- [--only ${upstreamKinds.join('|')}]

  --only KIND   the fixture as an upstream of one kind; without it the run is whole, and stands in docs/proof.md
`,
  options: { only: { type: 'string' } },
  schema: z.object({
    only: z.enum(upstreamKinds, `give ${upstreamKinds.join(' or ')}`).optional(),
  }),
});
const kinds = upstreamKinds.filter((kind) => only === undefined || kind === only);
await runAsCommand(conformanceSuite(kinds), { record: only === undefined });
