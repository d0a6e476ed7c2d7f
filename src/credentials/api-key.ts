import { crc32 } from 'node:zlib';
import { encodeBase62, randomBase62 } from './base62.ts';

const keyIdLength = 8;
const secretLength = 32;
const checksumLength = 6;

/**
 * `smcp_<tenant>_<8 key id><32 secret><6 checksum>`, the last three in base62. The secret has 190 bits; the
 * checksum is the CRC-32 of everything before it, so a mistyped key is refused without a database read.
 */
const pattern =
  /^smcp_([a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)_([0-9A-Za-z]{8})[0-9A-Za-z]{32}([0-9A-Za-z]{6})$/;

/** The longest key there is, in characters: what is longer need not be looked at. */
export const apiKeyMaxLength =
  'smcp_'.length + 32 + '_'.length + keyIdLength + secretLength + checksumLength;

export interface ApiKeyParts {
  readonly tenant: string;
  readonly keyId: string;
}

const checksumOf = (text: string): string => encodeBase62(crc32(text), checksumLength);

/** Reads a presented key; undefined when its form or its checksum is wrong. Proves nothing about its secret. */
export const parseApiKey = (key: string): ApiKeyParts | undefined => {
  if (key.length > apiKeyMaxLength) return undefined;
  const match = pattern.exec(key);
  if (match === null) return undefined;
  const [, tenant = '', keyId = '', checksum = ''] = match;
  if (checksumOf(key.slice(0, -checksumLength)) !== checksum) return undefined;
  return { tenant, keyId };
};

export interface MintedApiKey extends ApiKeyParts {
  /** The whole key: shown once to its owner, never stored. */
  readonly key: string;
}

/** Mints a key for a tenant whose id has been validated. @param keyId - 8 base62 characters; random when left out. */
export const mintApiKey = (tenant: string, keyId = randomBase62(keyIdLength)): MintedApiKey => {
  const body = `smcp_${tenant}_${keyId}${randomBase62(secretLength)}`;
  return { tenant, keyId, key: `${body}${checksumOf(body)}` };
};
