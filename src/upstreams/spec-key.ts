import { createHash } from 'node:crypto';
import type { UpstreamSpec } from './upstream-spec.ts';

const keys = new WeakMap<UpstreamSpec, string>();

/** The same for equal specs: what is remembered of an upstream is remembered under it. */
export const specKey = (spec: UpstreamSpec): string => {
  const known = keys.get(spec);
  if (known !== undefined) return known;
  const made = createHash('sha256').update(JSON.stringify(spec)).digest('base64url');
  keys.set(spec, made);
  return made;
};
