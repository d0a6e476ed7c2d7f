import { copyFileSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleFunction } from '../../build/bundle-functions.ts';
import { readBasePolicies } from '../../build/policies.ts';
import type { CreateDecider } from '../../src/policy/cedar-decider.ts';
import { defaultPolicies } from '../../src/policy/default-policies.ts';
import { aCaller, aTool } from './support/policies.ts';
import { tempFolder } from './support/temp-dir.ts';

const project = join(import.meta.dirname, '..', '..');
const forbid = 'forbid (principal, action, resource) when { resource.destructive };\n';

const read = (files: Readonly<Record<string, string>>) =>
  readBasePolicies(
    tempFolder(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`policies/${name}`, text])),
    ),
  );

describe('the policies of config/policies', () => {
  it('are not written out while they are the shipped ones, or there is no folder', async () => {
    expect(await read({ 'default.cedar': defaultPolicies })).toEqual({ base: 'default' });
    expect(await readBasePolicies(tempFolder({}))).toEqual({ base: 'default' });
    expect(await readBasePolicies(join(project, 'config'))).toEqual({ base: 'default' });
  });

  it('are all files in the order of their names', async () => {
    expect(await read({ 'b.cedar': forbid, 'a.cedar': defaultPolicies, 'README.md': '#' })).toEqual(
      {
        base: 'text',
        text: `${defaultPolicies}\n${forbid}`,
      },
    );
  });

  it('a folder without any is an error: nobody could call anything', async () => {
    await expect(read({ 'README.md': '#' })).rejects.toThrow('config/policies has no .cedar files');
  });

  it('errors name file, line, column, policy and reason', async () => {
    const files = {
      'a.cedar': defaultPolicies,
      'b.cedar': `// ours\n@id("x")\n${forbid.replace('destructive', 'destructiv')}`,
    };
    await expect(read(files)).rejects.toThrow(
      'config/policies/b.cedar:3:45 policy x: attribute `destructiv` on entity type `Drawbridge::Tool` not found',
    );
  });

  it('a file that does not end blames itself', async () => {
    await expect(read({ 'a.cedar': 'permit (principal', 'b.cedar': forbid })).rejects.toThrow(
      /config\/policies\/a\.cedar:1:\d+: unexpected end of input/u,
    );
  });

  it('what is wrong between files is told where it is', async () => {
    const named = `@id("x")\n${forbid}`;
    await expect(read({ 'a.cedar': named, 'b.cedar': named })).rejects.toThrow(
      'config/policies/b.cedar:1:1 policy x: there are two policies x',
    );
  });
});

it('the bundle has Cedar in a file of its own, which reads its WebAssembly beside it, wherever that is', async () => {
  const directory = tempFolder({});
  await bundleFunction(project, 'mcp', directory);
  expect(readFileSync(join(directory, 'index.cjs'), 'utf8')).not.toMatch(
    /cedar_wasm_bg|preparsePolicySet/u,
  );
  const elsewhere = tempFolder({ 'package.json': '{}' });
  for (const file of ['cedar.cjs', 'cedar_wasm_bg.wasm']) {
    copyFileSync(join(directory, file), join(elsewhere, file));
  }
  const { openCedar } = createRequire(import.meta.url)(join(elsewhere, 'cedar.cjs')) as {
    openCedar: () => CreateDecider;
  };
  const decider = openCedar()(defaultPolicies, { tenant: 'acme', text: forbid });
  const bad = aTool('drop', { destructive: true });
  expect(decider.decide(aCaller(), bad, {})).toEqual({ kind: 'deny', policyId: 'policy:policy0' });
  expect(decider.decide(aCaller(), aTool('list'), {})).toEqual({ kind: 'allow' });
}, 60_000);
