/** Where a line comes from. */
export interface LogOrigin {
  /** @default one for the twin itself */
  readonly stream?: string;
  /** Unix milliseconds. @default now */
  readonly ts?: number;
}

/** Where the lines of the functions go: the twin's CloudWatch Logs. A write never throws and never waits. */
export interface LogSink {
  write(logGroup: string, line: string, origin?: LogOrigin): void;
}

export interface LogEvent {
  /** Unix milliseconds. */
  readonly ts: number;
  readonly ingestionTime: number;
  readonly stream: string;
  readonly message: string;
}

export interface LogStore extends LogSink {
  /** What a group holds, in the order in which it came. Empty for one that was never written to. */
  events(logGroup: string): readonly LogEvent[];
}

/** The stream of lines whose origin is not told, such as the access log. */
export const twinStream = 'twin';
