import { expect } from 'vitest';
import * as z from 'zod';
import { runCli } from '../../../cli/program.ts';
import { aWorld } from '../admin-fixtures.ts';

/** A CLI on a world in memory that has the tenant acme with one key. */
export const aCli = async (answer?: boolean) => {
  const world = aWorld();
  let ports = world.ports;
  const questions: string[] = [];
  const run = async (...argv: string[]) => {
    let out = '';
    let err = '';
    const confirm = async (question: string) => {
      questions.push(question);
      return answer === true;
    };
    const exitCode = await runCli(argv, {
      terminal: {
        out: (text) => (out += text),
        err: (text) => (err += text),
        readInput: async () => 'from standard input',
        ...(answer === undefined ? {} : { confirm }),
      },
      connect: async () => ports,
    });
    return { exitCode, out, err };
  };
  const json = async (...argv: string[]): Promise<unknown> => {
    const { exitCode, out, err } = await run(...argv, '--json');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    return JSON.parse(out);
  };
  const text = async (...argv: string[]): Promise<string> => {
    const { exitCode, out, err } = await run(...argv);
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    return out;
  };
  const errorOf = async (...argv: string[]) => {
    const { exitCode, out, err } = await run(...argv, '--json');
    const { error } = JSON.parse(err) as { error: { code: string; message: string } };
    return { exitCode, out, ...error };
  };
  const replacePorts = (replaced: Partial<typeof ports>) => {
    ports = { ...ports, ...replaced };
  };
  await json('tenants', 'create', 'acme', '--plan', 'free', '--name', 'Acme');
  const { keyId } = z
    .looseObject({ keyId: z.string() })
    .parse(await json('keys', 'create', 'acme', '--name', 'ci'));
  world.auditSink.records.length = 0;
  return { ...world, run, json, text, errorOf, replacePorts, questions, keyId };
};
