import type { DemoTenant } from './demo-tenant.ts';

export interface Welcome {
  readonly mcpUrl: string;
  readonly demo: DemoTenant;
  readonly notEvaluated: readonly string[];
  /** Upstream servers that are deployed, as in `everything (stdio)`. */
  readonly servers: readonly string[];
  readonly stateDirectory: string;
}

const indent = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => `${by}${line}`)
    .join('\n');

const json = (value: unknown): string => indent(JSON.stringify(value, null, 2), '  ');

const widest = 100;

/** `not run` and what it is about, in lines that a terminal shows whole. */
const notRun = (items: readonly string[]): string => {
  if (items.length === 0) return '';
  const lines: string[] = [];
  for (const item of [
    ...items.slice(0, -1).map((one) => `${one},`),
    `${items.at(-1)}: only AWS has these`,
  ]) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length < widest)
      lines[lines.length - 1] = `${last} ${item}`;
    else lines.push(item);
  }
  return `  not run  ${lines.join('\n           ')}\n`;
};

/** What a newcomer sees when the twin is ready: what to call, with which key, from which client. */
export const welcome = ({
  mcpUrl,
  demo,
  notEvaluated,
  servers,
  stateDirectory,
}: Welcome): string => {
  const header = `Authorization: Bearer ${demo.apiKey}`;
  const call = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'search', arguments: { query: 'usage plan' } },
  };
  return `
Call a tool with curl:

  curl -s ${mcpUrl} \\
    -H '${header}' \\
    -H 'Content-Type: application/json' \\
    -d '${JSON.stringify(call)}'

Claude Code:

  claude mcp add --transport http drawbridge ${mcpUrl} --header "${header}"

Cursor (.cursor/mcp.json):

${json({ mcpServers: { drawbridge: { url: mcpUrl, headers: { Authorization: `Bearer ${demo.apiKey}` } } } })}

VS Code (.vscode/mcp.json):

${json({ servers: { drawbridge: { type: 'http', url: mcpUrl, headers: { Authorization: `Bearer ${demo.apiKey}` } } } })}

  tenant   ${demo.tenant}, plan ${demo.plan}
  key      ${demo.apiKey}
  state    ${stateDirectory} (connection.json, logs/; --reset begins anew)
  servers  ${servers.length === 0 ? 'none' : servers.join(', ')}: config/mcp.json says, and is watched
  operate  npx drawbridge --help
${notRun(notEvaluated)}
ready    ${mcpUrl}   (Ctrl-C stops it)
`;
};
