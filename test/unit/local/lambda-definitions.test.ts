import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { functionDefinitions } from '../../../local/lambda/function-definitions.ts';
import { FileLogSink } from '../../../local/log/file-log-sink.ts';
import { LineSplitter, MAX_LINE_BYTES } from '../../../local/log/line-splitter.ts';
import { deploymentOf, resource, roleArn } from './aws-fixture.ts';

const arn = 'arn:aws:lambda:us-east-1:123456789012:function:f';
const minimal = {
  Runtime: 'nodejs24.x',
  Handler: 'index.handler',
  Role: roleArn,
  Code: { S3Bucket: 'b', S3Key: 'abc.zip' },
};
const define = (changes: Record<string, unknown> = {}) =>
  functionDefinitions(
    deploymentOf([resource('AWS::Lambda::Function', 'f', arn, { ...minimal, ...changes })]),
  );

describe('function definitions', () => {
  it('have the defaults of Lambda', () => {
    expect(define()).toEqual([
      {
        arn,
        name: 'f',
        displayName: 'Test/f',
        codeDirectory: '/assets/abc.zip',
        handler: 'index.handler',
        timeoutMs: 3000,
        memoryMb: 128,
        roleArn,
        logGroupName: '/aws/lambda/f',
        writesReports: true,
        environment: {},
      },
    ]);
  });

  it('take what the template says', () => {
    const [definition] = define({
      Timeout: 29,
      MemorySize: 1024,
      ReservedConcurrentExecutions: 0,
      LoggingConfig: { LogGroup: 'own', LogFormat: 'JSON', ApplicationLogLevel: 'WARN' },
      Environment: { Variables: { A: 'b', N: 1 } },
    });
    expect(definition).toMatchObject({
      timeoutMs: 29_000,
      memoryMb: 1024,
      reservedConcurrency: 0,
      logGroupName: 'own',
      environment: { A: 'b', N: '1', AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'WARN' },
    });
  });

  it('say whether tenants are kept apart', () => {
    const perTenant = { TenancyConfig: { TenantIsolationMode: 'PER_TENANT' } };
    expect(define(perTenant)[0]).toMatchObject({ isPerTenant: true });
    expect(define()[0]).not.toHaveProperty('isPerTenant');
    expect(() => define({ TenancyConfig: { TenantIsolationMode: 'OTHER' } })).toThrow(/Test\/f/);
  });

  it.each([
    [
      { Runtime: 'python3.13' },
      /Test\/f: the twin does not run functions with Runtime python3\.13/,
    ],
    [{ PackageType: 'Image' }, /PackageType Image/],
    [{ Layers: ['arn:x'] }, /Layers/],
    [{ Code: { ZipFile: 'exports.handler = 1' } }, /Code other than an S3 asset/],
    [{ Timeout: 1000 }, /Test\/f: .*Timeout/s],
  ])('refuse %j by name', (changes, message) => {
    expect(() => define(changes)).toThrow(message);
  });
});

describe('lines', () => {
  const split = (chunks: readonly (string | Buffer)[]): string[] => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (const chunk of chunks) splitter.write(Buffer.from(chunk));
    splitter.end();
    return lines;
  };

  it('are the same however the stream was cut', () => {
    const text = Buffer.from('one\ntwo é€😀\n\nlast');
    for (let cut = 0; cut <= text.length; cut++) {
      expect(split([text.subarray(0, cut), text.subarray(cut)])).toEqual([
        'one',
        'two é€😀',
        'last',
      ]);
    }
  });

  it('are cut at 256 KB, never within a character', () => {
    const lines = split([`${'a'}${'é'.repeat(MAX_LINE_BYTES)}\n`]);
    expect(lines.join('')).toBe(`a${'é'.repeat(MAX_LINE_BYTES)}`);
    expect(lines.every((line) => Buffer.byteLength(line) <= MAX_LINE_BYTES)).toBe(true);
  });
});

describe('the log files', () => {
  it('are private, one per group, and bounded by one rotation', () => {
    const directory = mkdtempSync(join(tmpdir(), 'twin-logs-'));
    const sink = new FileLogSink(directory, { maxBytes: 100 });
    const path = join(directory, '_aws_lambda_f.log');
    sink.write('/aws/lambda/f', 'first');
    sink.flush();
    expect(readFileSync(path, 'utf8')).toBe('first\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    for (let i = 0; i < 10; i++) {
      sink.write('/aws/lambda/f', `line ${i} ${'x'.repeat(40)}`);
      sink.flush();
    }
    sink.write('other', 'escape ../../etc');
    sink.close();
    expect(readFileSync(path, 'utf8')).toMatch(/^line 9 x+\n$/);
    expect(readFileSync(`${path}.1`, 'utf8')).toMatch(/^line 7 x+\nline 8 x+\n$/);
    expect(existsSync(`${path}.2`)).toBe(false);
    rmSync(directory, { recursive: true });
  });
});
