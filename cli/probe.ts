import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import type { UpstreamProbe } from '../src/admin/ports.ts';
import { createProbe as createProbeAs, type ProbeDeps } from '../src/admin/upstream-probe.ts';

const version: string = z
  .object({ version: z.string() })
  .parse(
    JSON.parse(readFileSync(path.join(import.meta.dirname, '..', 'package.json'), 'utf8')),
  ).version;

/** Connects to upstreams from this machine, as this version of Drawbridge. */
export const createProbe = (deps: Omit<ProbeDeps, 'version'>): UpstreamProbe =>
  createProbeAs({ ...deps, version });
