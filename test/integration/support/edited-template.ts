import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';

interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
}

/**
 * A copy of what was synthesized, with the properties of each resource of a type changed: another setting of the same
 * deployment, without another synthesis.
 */
export const withProperties = (type: string, changes: Record<string, unknown>): string => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-edited-'));
  cpSync(inject('cdkOut'), directory, { recursive: true });
  let edited = 0;
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.template.json'))) {
    const template = JSON.parse(readFileSync(join(directory, file), 'utf8')) as {
      Resources: Record<string, Resource>;
    };
    for (const resource of Object.values(template.Resources)) {
      if (resource.Type !== type) continue;
      Object.assign((resource as { Properties: object }).Properties, changes);
      edited += 1;
    }
    writeFileSync(join(directory, file), JSON.stringify(template));
  }
  if (edited === 0) throw new Error(`the template has no ${type}`);
  return directory;
};
