import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { isUsedBy } from './matching.ts';
import { readRecording } from './recording.ts';
import { refusedOnPurpose, unusedWithReason } from './reasoned.ts';
import { permissionsPage } from './page.ts';

const integration = join(import.meta.dirname, '..', 'integration');

let recording: ReturnType<typeof readRecording>;
beforeAll(() => {
  recording = readRecording();
});

/** Test files that start a twin: what they did not do, nobody can say before they have run. */
const testsWithTwins = readdirSync(integration).filter(
  (file) =>
    file.endsWith('.test.ts') && /\brunTwin\(/u.test(readFileSync(join(integration, file), 'utf8')),
);

describe('the roles of the template', () => {
  it('were watched in every integration test that runs a twin', () => {
    expect(testsWithTwins.length).toBeGreaterThan(15);
    const seen = new Set(recording.calls.map(({ test }) => test));
    expect(testsWithTwins.filter((file) => !seen.has(file))).toEqual([]);
  });

  it('may do nothing that no function did, but for what has a reason', () => {
    const unused = recording.grants
      .filter((grant) => !recording.calls.some(isUsedBy(grant)))
      .filter((grant) => !unusedWithReason.some(({ is }) => is(grant)))
      .map(({ role, action, resource }) => `${role}: ${action} on ${resource}`);
    expect(unused).toEqual([]);
  });

  it('have each exception for something that is there', () => {
    for (const { is, reason } of unusedWithReason) {
      expect(recording.grants.some(is), reason).toBe(true);
    }
  });

  it('were allowed all that functions tried', () => {
    const refused = recording.calls.filter(
      ({ kind, test }) => kind === 'refused' && !refusedOnPurpose.has(test),
    );
    expect(refused).toEqual([]);
  });
});

describe('docs/permissions.md', () => {
  it('says what each function may do and does', async () => {
    await expect(permissionsPage(recording)).toMatchFileSnapshot('../../docs/permissions.md');
  });
});
