import * as z from 'zod';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { createHandler } from './handler.ts';
import { tenantSource } from './tenant-of-user.ts';

/** Set by the identity stack. */
const { TENANT_SOURCE } = z.object({ TENANT_SOURCE: tenantSource }).parse(process.env);

export const handler = createHandler({
  tenantSource: TENANT_SOURCE,
  log: createLog(toStandardOutput),
});
