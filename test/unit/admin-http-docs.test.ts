import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { adminErrorStatus } from '../../lambdas/admin/error-status.ts';
import { adminRoutes } from '../../lambdas/admin/route-table.ts';

const page = readFileSync(join(import.meta.dirname, '../../content/admin-api.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

/** `…` stands for what the row before is below. */
const documented = rows.flatMap(([, first = '', who = '']) =>
  [...first.matchAll(/`([A-Z]+) (\S+)`/gu)].map(
    ([, method, path = '']) => `${method} ${path.replace('…', '/admin/tenants/{tenant}')} ${who}`,
  ),
);

it('content/admin-api.md has every route, with who may call it, and no other', () => {
  const routes = adminRoutes.map(({ method, path, access }) => `${method} ${path} ${access}`);
  expect(documented.sort()).toEqual(routes.sort());
});

it.each(Object.entries(adminErrorStatus))(
  'content/admin-api.md has %s under its status %i',
  (code, status) => {
    const row = rows.find(([, first]) => first === String(status));
    expect(row?.[2]).toContain(`\`${code}\``);
  },
);
