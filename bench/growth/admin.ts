import { join } from 'node:path';
import { connectTo } from '../../cli/connect.ts';
import { resolveTarget } from '../../cli/target.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';

/** An operator's hands on the twin whose connection file is in this state directory. */
export const adminOf = async (
  projectDirectory: string,
  stateDirectory: string,
): Promise<AdminPorts> =>
  connectTo(
    await resolveTarget(
      {},
      {
        cwd: projectDirectory,
        packageRoot: projectDirectory,
        env: { DRAWBRIDGE_CONNECTION: join(stateDirectory, 'connection.json') },
      },
    ),
  );
