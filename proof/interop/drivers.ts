import { join } from 'node:path';
import * as z from 'zod';
import { runProgram } from './program.ts';
import { seen, type Seen } from './seen.ts';
import { redirectUrl, signInFor } from './sign-in.ts';
import { clientsDirectory, type Stage } from './stage.ts';

const line = z.union([z.object({ signIn: z.string() }), z.object({ seen })]);

const parsed = (text: string): z.infer<typeof line> | undefined => {
  try {
    return line.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
};

/**
 * Runs a client in a process of its own, by its driver in `clients/`. When it sends its person to sign in, that is done.
 * @throws Error with what it wrote to stderr.
 */
export const runDriver = async (stage: Stage, driver: string, job: object): Promise<Seen> => {
  const failures: unknown[] = [];
  const stdout = await runProgram({
    args: [join(clientsDirectory, `${driver}.mjs`), JSON.stringify({ ...job, redirectUrl })],
    env: stage.environment(),
    onLine: (text, answer) => {
      const said = parsed(text);
      if (said === undefined || !('signIn' in said)) return;
      signInFor(stage.rig.twin, said.signIn).then(
        (query) => answer(query.toString()),
        (error: unknown) => failures.push(error),
      );
    },
  }).catch((error: unknown) => {
    throw failures[0] ?? error;
  });
  for (const text of stdout.split('\n')) {
    const said = parsed(text);
    if (said !== undefined && 'seen' in said) return said.seen;
  }
  throw new Error(`it said nothing that is known: ${stdout.slice(0, 300)}`);
};
