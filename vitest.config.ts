import { defineConfig } from 'vitest/config';

/** unit and cdk run without a twin; integration shares one twin per file and runs one file at a time. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{unit,contract,pins}/**/*.test.ts'],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'cdk',
          include: ['test/cdk/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // One process: the files share what was synthesized.
          fileParallelism: false,
          isolate: false,
        },
      },
      {
        test: {
          name: 'integration',
          globalSetup: ['test/integration/support/synthesized.ts'],
          include: ['test/integration/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          // After the others: it judges what the integration tests recorded.
          name: 'permissions',
          include: ['test/permissions/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
