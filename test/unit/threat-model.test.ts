import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const project = join(import.meta.dirname, '..', '..');
const model = readFileSync(join(project, 'docs', 'threat-model.md'), 'utf8');

/** A file below `test/`, and the names of tests that follow it: `unit/x` “a name”, “another”. */
const cited = [...model.matchAll(/`((?:unit|integration|cdk)\/[\w/-]+)` ((?:“[^”]+”(?:, )?)+)/gu)];
const evidence = cited.flatMap(([, file = '', names = '']) =>
  [...names.matchAll(/“([^”]+)”/gu)].map(([, name = '']) => ({ file, name })),
);

describe('the threat model', () => {
  it('cites tests, and every citation is read here', () => {
    expect(evidence.length).toBeGreaterThan(60);
    expect(evidence).toHaveLength([...model.matchAll(/“/gu)].length);
  });

  it.each(evidence)('$file has a test “$name”', ({ file, name }) => {
    const path = join(project, 'test', `${file}.test.ts`);
    expect(existsSync(path)).toBe(true);
    const titles = [
      ...readFileSync(path, 'utf8').matchAll(/(?:\b(?:it|test|describe)|\))\(\s*(['"`])(.*?)\1,/gu),
    ].map(([, , title = '']) => title);
    expect(titles.some((title) => title.includes(name))).toBe(true);
  });

  it('says of each threat what stops it', () => {
    const rows = model
      .split('\n')
      .filter((line) => line.startsWith('| ') && line.split('|').length === 6)
      .filter((line) => !/^\| (?:threat|asset|actor|boundary|-+) /u.test(line))
      .map((line) => line.split('|').map((cell) => cell.trim()));
    expect(rows.length).toBeGreaterThan(40);
    for (const [, threat, stops, shown] of rows) {
      expect([stops, shown], threat).not.toContain('');
    }
  });
});
