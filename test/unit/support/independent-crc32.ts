const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** CRC-32 (ISO 3309, as in zip) bit by bit: shares nothing with `node:zlib`. */
const crc32 = (text: string): number => {
  let rest = 0xffffffff;
  for (const byte of Buffer.from(text, 'utf8')) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    }
  }
  return (rest ^ 0xffffffff) >>> 0;
};

/** `body` with the six characters that end a key: its CRC-32 in base 62, by long division. */
export const withChecksum = (body: string): string => {
  let rest = BigInt(crc32(body));
  let checksum = '';
  for (let digit = 0; digit < 6; digit++) {
    checksum = `${alphabet.charAt(Number(rest % 62n))}${checksum}`;
    rest /= 62n;
  }
  return `${body}${checksum}`;
};
