import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** Vitest's own is one second. It ends what hangs, and is no measure of speed: two other files may have both processors. */
const expectations = { poll: { timeout: 15_000 } };

/**
 * unit and cdk run without a twin; integration has one twin per file and runs two files at a time. Each project is a group of its
 * own: vitest refuses to mix numbers of workers in one, and runs a group when the one before it has ended.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          expect: expectations,
          name: 'unit',
          include: ['test/{unit,contract,pins}/**/*.test.ts'],
          testTimeout: 20_000,
          // On two processors vitest would take one.
          maxWorkers: availableParallelism(),
        },
      },
      {
        test: {
          expect: expectations,
          name: 'cdk',
          include: ['test/cdk/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // One process: the files share what was synthesized.
          fileParallelism: false,
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          expect: expectations,
          name: 'integration',
          globalSetup: ['test/integration/support/synthesized.ts'],
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          expect: expectations,
          // After the others: it judges what the integration tests recorded.
          name: 'permissions',
          include: ['test/permissions/**/*.test.ts'],
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          expect: expectations,
          // The short forms of the suites in proof/: each has a command of its own for the long one.
          name: 'proof',
          globalSetup: ['test/proof/support/synthesized.ts'],
          include: ['test/proof/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
          sequence: { groupOrder: 4 },
        },
      },
    ],
  },
});
