import { join } from 'node:path';
import { freePort } from '../../test/integration/support/free-port.ts';
import { runProgram } from './program.ts';
import { runErrand, type SdkShaped, type Seen } from './seen.ts';
import { signIn } from './sign-in.ts';
import { clientsDirectory, type AccessOf, type Stage } from './stage.ts';

const launcher = join(
  clientsDirectory,
  ...['node_modules', '@modelcontextprotocol', 'inspector'],
  ...['clients', 'launcher', 'build', 'index.js'],
);

type Result = Awaited<ReturnType<SdkShaped[keyof SdkShaped]>>;

/** Each method is a process of its own; what the first one's sign-in brought is in the home that they share. */
export const runInspector = async (
  stage: Stage,
  access: AccessOf<'key'> | AccessOf<'oauth'>,
  era: 'legacy' | 'modern',
): Promise<Seen> => {
  const env = stage.environment();
  const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`;
  const credential =
    access.lane === 'key'
      ? ['--header', `Authorization: Bearer ${access.key}`]
      : ['--callback-url', callback];
  const invoke = async <R extends Result>(method: string, ...args: string[]): Promise<R> => {
    const failures: unknown[] = [];
    const stdout = await runProgram({
      args: [
        launcher,
        '--cli',
        access.url,
        ...credential,
        ...['--protocol-era', era, '--format', 'json', '--method', method],
        ...args,
      ],
      env,
      onLine: (line) => {
        const asked = /^Please navigate to: (\S+)/u.exec(line)?.[1];
        if (asked !== undefined) {
          signIn(stage.rig.twin, asked).catch((error: unknown) => failures.push(error));
        }
      },
    }).catch((error: unknown) => {
      throw failures[0] ?? error;
    });
    return (JSON.parse(stdout) as { result: R }).result;
  };
  return runErrand({
    listTools: () => invoke('tools/list'),
    callTool: (call) =>
      invoke(
        'tools/call',
        ...['--tool-name', call.name],
        ...['--tool-args-json', JSON.stringify(call.arguments)],
      ),
    listPrompts: () => invoke('prompts/list'),
    getPrompt: ({ name }) => invoke('prompts/get', '--prompt-name', name),
    listResources: () => invoke('resources/list'),
    readResource: ({ uri }) => invoke('resources/read', '--uri', uri),
  });
};
