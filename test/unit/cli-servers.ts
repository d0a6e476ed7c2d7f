import { expect } from 'vitest';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { runCli } from '../../cli/program.ts';
import { CliError } from '../../cli/errors.ts';
import { aTenant } from '../contract/registry.contract.ts';
import { aProject, aWorld } from './admin-fixtures.ts';

interface Options {
  /** What a prompt is answered with; without it, nobody is there. */
  readonly answer?: boolean;
  readonly hidden?: string;
  readonly input?: string;
  readonly deployment?: Partial<AdminPorts['deployment']>;
  /** The twin is not running. */
  readonly isDown?: boolean;
}

/** A CLI on a world and a project in memory, with the tenants acme and beta. */
export const aServersCli = async (options: Options = {}) => {
  const world = aWorld(undefined, options.deployment);
  const project = aProject();
  await world.registry.createTenant(aTenant('acme'));
  await world.registry.createTenant(aTenant('beta'));
  const { answer, hidden, input } = options;
  const questions: string[] = [];
  let ports = world.ports;
  const run = async (...argv: string[]) => {
    let out = '';
    let err = '';
    const ask = async (question: string) => {
      questions.push(question);
      return answer === true;
    };
    const exitCode = await runCli(argv, {
      terminal: {
        out: (text) => (out += text),
        err: (text) => (err += text),
        ...(answer === undefined ? {} : { confirm: ask }),
        ...(hidden === undefined
          ? {}
          : { askHidden: async (question) => (questions.push(question), hidden) }),
        ...(input === undefined ? {} : { readInput: async () => input }),
      },
      connect: async () => {
        if (options.isDown === true) throw new CliError('TWIN_NOT_RUNNING', 'it is down');
        return ports;
      },
      openProject: () => project.project,
    });
    return { exitCode, out, err };
  };
  const json = async (...argv: string[]): Promise<unknown> => {
    const { exitCode, out, err } = await run(...argv, '--json');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    return JSON.parse(out);
  };
  const errorOf = async (...argv: string[]) => {
    const { exitCode, out, err } = await run(...argv, '--json');
    const { error } = JSON.parse(err) as { error: { code: string; message: string } };
    return { exitCode, out, ...error };
  };
  const replacePorts = (replaced: Partial<AdminPorts>) => {
    ports = { ...ports, ...replaced };
  };
  return { ...world, ...project, run, json, errorOf, questions, replacePorts };
};
