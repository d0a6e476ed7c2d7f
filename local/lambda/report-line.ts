/** What Lambda's platform writes after each invocation, as far as the twin measures it: no memory, no billing. */
export interface InvocationReport {
  readonly requestId: string;
  readonly durationMs: number;
  /** Only for the first invocation of a sandbox. */
  readonly initDurationMs: number | undefined;
  readonly memoryMb: number;
}

/** The REPORT line, or the `platform.report` document of LogFormat JSON. */
export const reportLine = (report: InvocationReport, json: boolean): string => {
  const { requestId, durationMs, initDurationMs, memoryMb } = report;
  if (json) {
    const metrics = {
      durationMs: round(durationMs),
      memorySizeMB: memoryMb,
      ...(initDurationMs === undefined ? {} : { initDurationMs: round(initDurationMs) }),
    };
    return JSON.stringify({
      time: new Date().toISOString(),
      type: 'platform.report',
      record: { requestId, metrics },
    });
  }
  const init =
    initDurationMs === undefined ? '' : `Init Duration: ${initDurationMs.toFixed(2)} ms\t`;
  return `REPORT RequestId: ${requestId}\tDuration: ${durationMs.toFixed(2)} ms\tMemory Size: ${memoryMb} MB\t${init}`;
};

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
