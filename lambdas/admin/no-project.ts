import { AdminError } from '../../src/admin/admin-error.ts';
import type { ProjectPorts } from '../../src/admin/ports.ts';

/** @throws AdminError CONFIG_INVALID, always. */
export const refuseProjectFiles = async (): Promise<never> => {
  throw new AdminError(
    'CONFIG_INVALID',
    'this needs the files of the project, as config/mcp.json and what it names, which the admin API does not have: do it ' +
      'with the CLI in the project, as in `npx drawbridge upstreams --help`',
  );
};

/** Where there are no files of a project: what needs them is refused, what only compares pins finds none there. */
export const noProject: ProjectPorts = {
  mcpJson: { name: 'config/mcp.json', read: refuseProjectFiles, write: refuseProjectFiles },
  // Live servers have their pins in the registry.
  pinLock: { name: 'config/mcp.lock.json', read: async () => undefined, write: refuseProjectFiles },
  packages: { lock: refuseProjectFiles, remove: refuseProjectFiles },
  compileOpenApi: refuseProjectFiles,
};
