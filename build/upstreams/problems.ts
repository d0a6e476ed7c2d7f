import { UpstreamConfigError, type ConfigProblem } from '../../src/upstreams/mcp-servers.ts';

export const configFile = 'config/mcp.json';

/** A mistake in an entry of `config/mcp.json`. */
export const problemAt = (
  server: string,
  field: string,
  message: string,
  options?: ErrorOptions,
): UpstreamConfigError =>
  new UpstreamConfigError(
    configFile,
    [{ path: `mcpServers.${server}.${field}`, message }],
    options,
  );

/**
 * Does all of the work, and then tells all mistakes at once.
 * @throws UpstreamConfigError
 */
export const allOf = async <T>(work: readonly (() => T | Promise<T>)[]): Promise<readonly T[]> => {
  const problems: ConfigProblem[] = [];
  const done: T[] = [];
  for (const outcome of await Promise.allSettled(work.map(async (one) => one()))) {
    if (outcome.status === 'fulfilled') done.push(outcome.value);
    else if (outcome.reason instanceof UpstreamConfigError) {
      problems.push(...outcome.reason.problems);
    } else throw outcome.reason;
  }
  if (problems.length > 0) throw new UpstreamConfigError(configFile, problems);
  return done;
};

/** Work for `allOf` that ends with these problems, where there are any. */
export const refusing = (problems: readonly ConfigProblem[]): readonly (() => never)[] =>
  problems.length === 0
    ? []
    : [
        () => {
          throw new UpstreamConfigError(configFile, problems);
        },
      ];
