import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mcpJsonSchema } from '../build/upstreams/mcp-json-schema.ts';
import { configJsonSchema } from '../lib/config.ts';

/** Writes the schemas in `config/`, which editors check and complete configuration files by. */
const schemas = { 'schema.json': configJsonSchema, 'mcp.schema.json': mcpJsonSchema };
for (const [name, schemaOf] of Object.entries(schemas)) {
  const file = join(import.meta.dirname, '..', 'config', name);
  writeFileSync(file, JSON.stringify(schemaOf(), null, 2) + '\n');
}
