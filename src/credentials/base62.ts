import { randomBytes } from 'node:crypto';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Bytes at or above this multiple of 62 are thrown away, so that every character is equally likely. */
const unbiasedLimit = 256 - (256 % 62);

/** `length` characters drawn uniformly from the 62 by the system's random source: 5.954 bits each. */
export const randomBase62 = (length: number): string => {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < unbiasedLimit && text.length < length) text += alphabet[byte % 62];
    }
  }
  return text;
};

/** A non-negative integer in base 62, most significant digit first, padded with `0` to `width`. */
export const encodeBase62 = (value: number, width: number): string => {
  let rest = value;
  let text = '';
  do {
    text = `${alphabet[rest % 62]}${text}`;
    rest = Math.floor(rest / 62);
  } while (rest > 0);
  return text.padStart(width, '0');
};
