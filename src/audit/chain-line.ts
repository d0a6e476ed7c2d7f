import { createHmac, hash, type KeyObject } from 'node:crypto';

/** The place of a line in the chain of its container. */
export interface ChainLink {
  /** `<start, Unix milliseconds in base 36>.<random>`: one of each container. */
  readonly id: string;
  /** Counts the lines of the chain, checkpoints among them, from 0. */
  readonly seq: number;
  /** SHA-256 (base64url) of the line before; empty in the first. */
  readonly prev: string;
}

export interface Chain extends ChainLink {
  /** HMAC-SHA256 (base64url) of the line without it; null in lines that were written before the key could be read. */
  readonly mac: string | null;
}

/** A line of a chain, taken apart. */
export interface ChainedLine extends Chain {
  /** What the code is of. */
  readonly signed: string;
  /** What the next line's `prev` is of. */
  readonly line: string;
}

export const lineHash = (line: string): string => hash('sha256', line, 'base64url');

const macOf = (key: KeyObject, signed: string): string =>
  createHmac('sha256', key).update(signed).digest('base64url');

/** `fields` as a line with `chain` at its end. */
export const chainedLine = (
  fields: object,
  link: ChainLink,
  key: KeyObject | undefined,
): string => {
  const { id, seq, prev } = link;
  const signed = `${JSON.stringify(fields).slice(0, -1)},"chain":${JSON.stringify({ id, seq, prev })}}`;
  const mac = key === undefined ? 'null' : `"${macOf(key, signed)}"`;
  return `${signed.slice(0, -2)},"mac":${mac}}}`;
};

const form =
  /^(\{.*,"chain":\{"id":"([\w.-]{1,64})","seq":(\d{1,15}),"prev":"([\w-]{0,43})"),"mac":(null|"[\w-]{43}")\}\}$/s;

const readExactly = (line: string): ChainedLine | undefined => {
  const [, head, id, seq, prev, mac] = form.exec(line) ?? [];
  if (head === undefined || id === undefined || prev === undefined || mac === undefined) {
    return undefined;
  }
  return {
    id,
    seq: Number(seq),
    prev,
    mac: mac === 'null' ? null : mac.slice(1, -1),
    signed: `${head}}}`,
    line,
  };
};

/**
 * What Lambda may add to a JSON line that has no level and time of its own (Lambda: "Log-level filtering"). No field of ours
 * has these names.
 */
const added =
  /,"(?:level":"INFO"|timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")|"(?:level":"INFO"|timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z"),/g;

/** The line as it was written, as far as Lambda may have added to it. Undefined for a line of no chain. */
export const readChainedLine = (text: string): ChainedLine | undefined => {
  const line = text.trimEnd();
  const hasMore = line.includes('"timestamp":"') || line.includes('"level":"INFO"');
  return readExactly(hasMore ? line.replace(added, '') : line);
};

/** Whether one of the keys made the line's code. */
export const isAuthentic = ({ mac, signed }: ChainedLine, keys: readonly KeyObject[]): boolean =>
  keys.some((key) => macOf(key, signed) === mac);

export const newChainId = (now: number, random: string): string => `${now.toString(36)}.${random}`;

/** Unix milliseconds of a chain's start; NaN for an id that is none of ours. */
export const chainStart = (id: string): number => {
  const [, start] = /^([0-9a-z]{1,10})\.[\w-]+$/.exec(id) ?? [];
  return start === undefined ? Number.NaN : Number.parseInt(start, 36);
};
