import { versionOf } from '../support/suite.ts';
import {
  expectedFailures,
  expectedFailuresFile,
  programs,
  requiredBy,
  runSuite,
  type Scenario,
  type SuiteRun,
} from './official-suite.ts';
import type { Row } from '../support/result.ts';

/** What one run of the suite asks for. */
export interface Requirements {
  readonly version: string;
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** The scenarios that count; absent: all that run. */
  readonly scored?: readonly string[];
  readonly expectsFailures: boolean;
}

const expecting = ['--expected-failures', expectedFailuresFile];

const revision = (name: string, expectsFailures: boolean): Requirements => ({
  version: versionOf(programs.current),
  name,
  program: programs.current,
  args: ['--requirements', name, ...(expectsFailures ? expecting : [])],
  scored: requiredBy(name),
  expectsFailures,
});

export const requirements: readonly Requirements[] = [
  revision('2026-07-28', false),
  revision('2025-11-25', true),
  {
    version: versionOf(programs.stable),
    name: 'active',
    program: programs.stable,
    args: ['--suite', 'active', ...expecting],
    expectsFailures: true,
  },
];

export const columns = [
  'suite',
  'requirements',
  'upstream',
  'scenarios passed',
  'checks passed',
  'expected failures',
  'warnings',
  'not scored, passed',
  'outcome',
];

const failuresOf = ({ checks }: Scenario) => checks.filter(({ status }) => status === 'FAILURE');

/** A scenario that only warns shows nothing. */
const passes = (scenario: Scenario): boolean =>
  failuresOf(scenario).length === 0 && scenario.checks.some(({ status }) => status === 'SUCCESS');

const shareOf = (scenarios: readonly Scenario[]): string =>
  `${scenarios.filter(passes).length} of ${scenarios.length}`;

const complaintsOf = (scenario: Scenario): readonly string[] =>
  failuresOf(scenario).map(({ id, errorMessage = '' }) => `${scenario.name}:${id} ${errorMessage}`);

/** What the run shows, as a line of the table. */
const rowOf = (
  { version, name, scored, expectsFailures }: Requirements,
  upstream: string,
  { exitCode, scenarios, output }: SuiteRun,
): Row => {
  const counted = scenarios.filter((scenario) => scored?.includes(scenario.name) ?? true);
  const missing = (scored ?? []).filter(
    (one) => !counted.some((scenario) => scenario.name === one),
  );
  const others = scenarios.filter((scenario) => !counted.includes(scenario));
  const failed = counted.filter((scenario) => !passes(scenario));
  const expected = new Set(expectsFailures ? expectedFailures() : []);
  const surprises = failed.filter((scenario) => !expected.has(scenario.name));
  const checks = counted.flatMap((scenario) => scenario.checks);
  const passedChecks = checks.filter(({ status }) => status === 'SUCCESS').length;
  const failedChecks = checks.filter(({ status }) => status === 'FAILURE').length;
  const ok = exitCode === 0 && surprises.length === 0 && missing.length === 0 && counted.length > 0;
  const reasons = [
    ...surprises.flatMap(complaintsOf),
    ...missing.map((one) => `${one} did not run`),
  ];
  return {
    cells: [
      version,
      name,
      upstream,
      shareOf(counted),
      `${passedChecks} of ${passedChecks + failedChecks}`,
      String(failed.length - surprises.length),
      String(checks.filter(({ status }) => status === 'WARNING').length),
      shareOf(others),
      ok ? (failed.length === 0 ? 'conforms' : 'as expected') : `exit code ${exitCode}`,
    ],
    ok,
    ...(ok ? {} : { why: reasons.join('; ') || output.trim().slice(-500) }),
  };
};

/** Runs the suite against the gate. */
export const judge = async (asked: Requirements, upstream: string, url: string): Promise<Row> =>
  rowOf(asked, upstream, await runSuite({ program: asked.program, args: asked.args, url }));
