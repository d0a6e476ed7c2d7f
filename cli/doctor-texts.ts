import type { DoctorView, FindingView } from './commands/doctor.ts';

const findingText = ({ tenant, text, mended, note }: FindingView): string => {
  const line = `  ${tenant}: ${text}`;
  if (mended === undefined) return line;
  return `${line}\n    ${mended ? 'mended' : 'left'}: ${note ?? ''}`;
};

/** What a person reads of the doctor. */
export const doctorText = ({ findings }: DoctorView): string =>
  findings.length === 0
    ? 'API Gateway, the records and the counters say the same.'
    : ['These do not say the same:', '', ...findings.map(findingText)].join('\n');
