import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { plainServer } from './plain-server.ts';

/** What the bridges bridge. Its argument is the content index. */
serveStdio(plainServer(process.argv[2] ?? ''));
