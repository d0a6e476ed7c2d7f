import * as z from 'zod';
import { openApiEntry, remoteEntry, stdioEntry } from '../../src/upstreams/mcp-servers.ts';
import { upstreamName } from '../../src/upstreams/upstream-spec.ts';

const document = z.strictObject({
  $schema: z.string().optional(),
  mcpServers: z.record(upstreamName, z.union([stdioEntry, remoteEntry, openApiEntry])),
});

/** The JSON Schema that editors use: `config/mcp.schema.json` is this, written out. */
export const mcpJsonSchema = (): unknown =>
  z.toJSONSchema(document, { io: 'input', target: 'draft-7' });
