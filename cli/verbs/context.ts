import type { AdminPorts, ProjectPorts } from '../../src/admin/ports.ts';
import type { Terminal } from '../io.ts';

/** What the verbs of one run of the CLI work with. */
export interface VerbContext {
  readonly terminal: Terminal;
  readonly ports: () => Promise<AdminPorts>;
  /** @throws CliError USAGE where there are no files of a project. */
  readonly project: (configDirectory?: string) => ProjectPorts;
  readonly print: <T>(data: T, text: (data: T) => string) => void;
}
