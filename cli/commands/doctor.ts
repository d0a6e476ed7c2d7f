import { AdminError } from '../../src/admin/admin-error.ts';
import { diagnose } from '../../src/admin/diagnose.ts';
import { driftText, type Drift } from '../../src/admin/drift.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { repair } from '../../src/admin/repair.ts';

export interface FindingView {
  readonly kind: Drift['kind'];
  readonly tenant: string;
  readonly text: string;
  /** Of `--repair`. */
  readonly mended?: boolean;
  /** What was done, or why nothing was and what to do. */
  readonly note?: string;
}

export interface DoctorView {
  readonly findings: readonly FindingView[];
  /** How many are as they were. */
  readonly left: number;
}

const findingOf = (drift: Drift): FindingView => ({
  kind: drift.kind,
  tenant: drift.tenant,
  text: driftText(drift),
});

export const doctor = async (ports: AdminPorts, mend: boolean): Promise<DoctorView> => {
  const drifts = await diagnose(ports);
  if (!mend) return { findings: drifts.map(findingOf), left: drifts.length };
  const treated = await repair(ports, drifts);
  return {
    findings: treated.map(({ drift, mended, note }) => ({ ...findingOf(drift), mended, note })),
    left: treated.filter(({ mended }) => !mended).length,
  };
};

/** After the findings were printed. @throws AdminError DRIFT when something is left. */
export const assertSound = ({ left }: DoctorView, mend: boolean): void => {
  if (left === 0) return;
  const parts = left === 1 ? '1 finding' : `${left} findings`;
  throw new AdminError(
    'DRIFT',
    mend
      ? `${parts} could not be mended`
      : `${parts}: \`doctor --repair\` mends what can be mended`,
  );
};
