import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createFixture } from './fixture.ts';

serveStdio(createFixture);
