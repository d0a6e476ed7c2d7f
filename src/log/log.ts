/** What a log line may hold: never headers, tokens, keys, arguments or whole events. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  /** The error is described by its kind, code and frames, as `describeError` does. */
  error(event: string, error: unknown, fields?: LogFields): void;
}

const frames = (error: Error): string | undefined =>
  error.stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 6)
    .map((line) => line.trim())
    .join(' | ');

const describeOne = (error: unknown): LogFields => {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: number } };
  return {
    error: error.name,
    errorCode: typeof code === 'string' ? code : undefined,
    errorStatus: $metadata?.httpStatusCode,
    frames: frames(error),
  };
};

/**
 * Kind, code and stack frames of an error and of its cause. Not the messages: a library's message may quote what
 * the caller sent.
 */
export const describeError = (error: unknown): LogFields => {
  const own = describeOne(error);
  if (!(error instanceof Error) || error.cause === undefined) return own;
  const cause = describeOne(error.cause);
  return {
    ...own,
    cause: cause['error'],
    causeCode: cause['errorCode'],
    causeStatus: cause['errorStatus'],
    causeFrames: cause['frames'],
  };
};

/** One JSON line per entry, to `write`. */
export const createLog = (write: (line: string) => void, clock: () => number = Date.now): Log => {
  const line = (level: string, event: string, fields: LogFields) =>
    write(JSON.stringify({ ts: new Date(clock()).toISOString(), level, event, ...fields }));
  return {
    info: (event, fields = {}) => line('INFO', event, fields),
    warn: (event, fields = {}) => line('WARN', event, fields),
    error: (event, error, fields = {}) =>
      line('ERROR', event, { ...fields, ...describeError(error) }),
  };
};

/** Writes a line to standard output, past the runtime's own console, which would wrap it. */
export const toStandardOutput = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
