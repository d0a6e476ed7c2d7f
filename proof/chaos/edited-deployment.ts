import { cpSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Template {
  readonly Resources: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly Properties?: { Environment?: { Variables?: Record<string, unknown> } };
      }
    >
  >;
}

/** A copy of a synthesized application, whose functions have these variables besides their own. */
export const withVariables = (
  cdkOut: string,
  variables: Readonly<Record<string, string>>,
): string => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-edited-'));
  cpSync(cdkOut, directory, { recursive: true });
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.template.json'))) {
    const path = join(directory, file);
    const template = JSON.parse(readFileSync(path, 'utf8')) as Template;
    for (const { Type, Properties } of Object.values(template.Resources)) {
      if (Type !== 'AWS::Lambda::Function' || Properties === undefined) continue;
      const before = Properties.Environment?.Variables ?? {};
      Properties.Environment = { Variables: { ...before, ...variables } };
    }
    writeFileSync(path, JSON.stringify(template));
  }
  return directory;
};

/** Gives every deployed upstream this long for a call. */
export const limitUpstreams = (cdkOut: string, timeoutMs: number): void => {
  const files = readdirSync(cdkOut, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('/upstreams.json'))) {
    const path = join(cdkOut, file);
    const specs = JSON.parse(readFileSync(path, 'utf8')) as readonly object[];
    writeFileSync(path, JSON.stringify(specs.map((spec) => ({ ...spec, timeoutMs }))));
  }
};
