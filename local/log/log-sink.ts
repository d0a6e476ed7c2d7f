/** Where the lines of the functions go: the twin's CloudWatch Logs. A write never throws and never waits. */
export interface LogSink {
  write(logGroup: string, line: string): void;
}
