import type { Row } from '../support/result.ts';
import { copyProofProject } from '../support/proof-project.ts';
import type { Suite } from '../support/suite.ts';
import { startConformanceRig, type UpstreamKind } from './conformance-rig.ts';
import { expectedFailures } from './official-suite.ts';
import { columns, judge, requirements } from './requirements.ts';

const about = `The [conformance suite](https://github.com/modelcontextprotocol/conformance) of the protocol's authors, through a forwarder that adds an
API key and the whole road behind it (firewall, authorizer, quota, aggregation), against a fixture server that answers what its scenarios ask for: once
as an HTTP upstream, once as a stdio server in a sandbox. Passed are scenarios and checks that count for the revision; what is not scored are
extensions and what the suite calls pending. Expected of 2025-11-25 is what a gateway without sessions cannot give: a server that writes to its client when nobody asked, and
a session id (a warning): ${expectedFailures()
  .map((name) => `\`${name}\``)
  .join(', ')}.`;

const judgeAll = async (
  cdkOut: string,
  kinds: readonly UpstreamKind[],
  say: (line: string) => void,
): Promise<Row[]> => {
  const rig = await startConformanceRig(cdkOut);
  try {
    const rows: Row[] = [];
    for (const kind of kinds) {
      for (const asked of requirements) {
        const row = await judge(asked, kind, rig.urls[kind]);
        say(`${row.ok ? 'ok  ' : 'FAIL'} ${row.cells.join(' · ')}`);
        rows.push(row);
      }
    }
    return rows;
  } finally {
    await rig.close();
  }
};

/** @param kinds - of upstreams, for a part of it. */
export const conformanceSuite = (kinds: readonly UpstreamKind[]): Suite => ({
  name: 'conformance',
  run: async (say) => {
    const project = await copyProofProject();
    try {
      const rows = await judgeAll(project.cdkOut, kinds, say);
      const checks = rows.reduce((sum, { cells }) => sum + Number(cells[4]?.split(' ')[0]), 0);
      return {
        title: 'Conformance',
        about: about.replaceAll('\n', ' '),
        command: 'npm run conformance',
        versions: {
          '@modelcontextprotocol/conformance': [
            ...new Set(requirements.map(({ version }) => version)),
          ].join(' and '),
        },
        columns,
        rows,
        summary: `${checks} checks passed.`,
      };
    } finally {
      project.remove();
    }
  },
});
