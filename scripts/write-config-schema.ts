import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configJsonSchema } from '../lib/config.ts';

/** Writes `config/schema.json`, which editors check and complete configuration files by. */
const file = join(import.meta.dirname, '..', 'config', 'schema.json');
writeFileSync(file, JSON.stringify(configJsonSchema(), null, 2) + '\n');
