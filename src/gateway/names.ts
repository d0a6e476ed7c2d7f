import { createHash } from 'node:crypto';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';

/** What every client takes as the name of a tool (docs/adr/0013-aggregation.md). */
const longestName = 64;
const hashLength = 8;

const hashOf = (server: string, name: string): string =>
  createHash('sha256').update(`${server}\0${name}`).digest('hex').slice(0, hashLength);

/** A name that ends in a hash of what it stands for: the same always, whatever else is listed. */
export const hashedName = (shown: string, server: string, name: string): string =>
  `${shown.slice(0, longestName - hashLength - 1)}_${hashOf(server, name)}`;

/** The name that a tool or prompt of an upstream is shown under, as long as no other has it. */
export const shownName = (spec: UpstreamSpec, name: string): string => {
  const renamed = spec.tools?.rename?.[name] ?? name;
  const whole = spec.prefix === '' ? renamed : `${spec.prefix}_${renamed}`;
  const plain = whole.replaceAll(/[^a-zA-Z0-9_-]/gu, '_');
  return plain.length > longestName ? hashedName(plain, spec.name, name) : plain;
};

/** Whether a shown name can be one of this upstream's: what has to be known to answer a call is so kept small. */
export const mayBelongTo = ({ prefix }: UpstreamSpec, shown: string): boolean =>
  prefix === '' || shown.startsWith(`${prefix}_`);

const globs = new Map<string, RegExp>();
const globOf = (pattern: string): RegExp => {
  const known = globs.get(pattern);
  if (known !== undefined) return known;
  const source = pattern.split('*').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/gu, '\\$&'));
  const made = new RegExp(`^${source.join('.*')}$`, 'su');
  globs.set(pattern, made);
  return made;
};

/** Whether the operator's filter lets a tool of this own name through. */
export const passesFilter = ({ tools }: UpstreamSpec, name: string): boolean =>
  (tools?.include?.some((pattern) => globOf(pattern).test(name)) ?? true) &&
  !(tools?.exclude?.some((pattern) => globOf(pattern).test(name)) ?? false);
