// Installs the programs that tests run and the project itself does not: a browser, an OAuth client, the MCP conformance
// suite. They have a package.json and a lock of their own, so that `npm start` and a deployment do without them.
import { dirname, join } from 'node:path';
import { installLocked } from './ensure-installed.mjs';

installLocked(
  join(dirname(import.meta.dirname), 'test', 'suites'),
  'Installing what the tests run: a browser, an OAuth client, the conformance suite (once, 140 MB) …',
);
