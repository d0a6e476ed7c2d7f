import { copyProofProject } from '../support/proof-project.ts';
import type { Row } from '../support/result.ts';
import type { Suite } from '../support/suite.ts';
import { columns, judge } from './judge.ts';
import { roster } from './roster.ts';
import { openStage, type Lane } from './stage.ts';

export const lanes: readonly Lane[] = ['key', 'oauth', 'iam'];

const about = `MCP clients that others wrote, each by every lane that it can come in by, through the whole road (firewall, authorizer, quota, aggregation).
Behind the gate are our own tools and the SDK authors' \`server-everything\` in a sandbox, so that tools, prompts and resources are an upstream's. A row
passes when the client lists exactly what there is, gets the right text of \`search\`, of the upstream's \`echo\`, of a prompt and of a resource, and the
gate's audit has its calls under that lane and era. OAuth is the client's own flow (discovery, registration, PKCE), in which a scripted browser consents and
signs in. SigV4 is \`/ci/mcp\`. OpenAI's requests are put together from what servers
saw of them, with sources (\`proof/interop/recordings\`), and sent byte for byte: no OpenAI server ran; \`–\` is what a client has no API for.`;

const judgeAll = async (cdkOut: string, say: (line: string) => void): Promise<Row[]> => {
  const stage = await openStage(cdkOut);
  try {
    const rows: Row[] = [];
    for (const client of roster) {
      for (const lane of lanes) {
        const row = await judge(stage, client, lane);
        say(`${row.ok ? 'ok  ' : 'FAIL'} ${row.cells.join(' · ')}${row.why ? `: ${row.why}` : ''}`);
        rows.push(row);
      }
    }
    return rows;
  } finally {
    await stage.close();
  }
};

const versions = (): Record<string, string> =>
  Object.fromEntries(
    roster.flatMap((client) =>
      client.package === undefined ? [] : [[client.package, client.version()]],
    ),
  );

export const interopSuite: Suite = {
  name: 'interop',
  run: async (say) => {
    const project = await copyProofProject();
    try {
      const rows = await judgeAll(project.cdkOut, say);
      const impossible = rows.filter(({ cells }) =>
        cells.at(-1)?.startsWith('not possible'),
      ).length;
      return {
        title: 'Interop',
        about: about.replaceAll('\n', ' '),
        command: 'npm run interop',
        versions: versions(),
        columns,
        rows,
        summary: `${rows.length - impossible} were played; ${impossible} are lanes that a client cannot use.`,
      };
    } finally {
      project.remove();
    }
  },
};
