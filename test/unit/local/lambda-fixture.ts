import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { FunctionDefinition } from '../../../local/lambda/function-service.ts';
import { LambdaService, type LambdaServiceOptions } from '../../../local/lambda/lambda-service.ts';
import { MemoryLogSink } from '../../../local/log/memory-log-sink.ts';

export const region = 'us-east-1';
export const functionArn = (name: string): string =>
  `arn:aws:lambda:${region}:123456789012:function:${name}`;

/** Bundles a handler module as NodejsFunction does, and gives its definition. Removed at `dispose`. */
export const bundle = async (
  name: string,
  source: string,
  changes: Partial<FunctionDefinition> = {},
): Promise<FunctionDefinition> => {
  const codeDirectory = mkdtempSync(join(tmpdir(), `twin-${name}-`));
  await build({
    stdin: { contents: source, resolveDir: import.meta.dirname, loader: 'ts' },
    outfile: join(codeDirectory, 'index.mjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return {
    arn: functionArn(name),
    name,
    displayName: `Stack/${name}`,
    codeDirectory,
    handler: 'index.handler',
    timeoutMs: 5000,
    memoryMb: 256,
    roleArn: 'arn:aws:iam::123456789012:role/r',
    logGroupName: `/aws/lambda/${name}`,
    environment: {},
    ...changes,
  };
};

export class LambdaFixture implements AsyncDisposable {
  readonly log = new MemoryLogSink();
  readonly service: LambdaService;
  readonly #functions: readonly FunctionDefinition[];

  constructor(
    functions: readonly FunctionDefinition[],
    options: Partial<Omit<LambdaServiceOptions, 'functions' | 'log'>> = {},
  ) {
    this.#functions = functions;
    this.service = new LambdaService({
      functions,
      log: this.log,
      awsEnvironment: () => ({ AWS_ACCESS_KEY_ID: 'test' }),
      ...options,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service.close();
    for (const { codeDirectory } of this.#functions) {
      rmSync(codeDirectory, { recursive: true, force: true });
    }
  }
}

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** Polls until `probe` holds, for effects that only the operating system announces. */
export const eventually = async (probe: () => boolean, withinMs = 15_000): Promise<boolean> => {
  const end = Date.now() + withinMs;
  while (!probe()) {
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
};

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
