import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';

const KEY_BYTES = 32;
/** N = 2^14, r = 8, p = 1 (16 MB): a local pool's users, and every test signs one in. */
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 1 };

const derive = (password: string, salt: Buffer): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, COST, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });

/** `<salt>:<scrypt of the password>`, both base64url. */
export const hashPassword = async (password: string): Promise<string> => {
  const salt = randomBytes(16);
  return `${salt.toString('base64url')}:${(await derive(password, salt)).toString('base64url')}`;
};

export const verifyPassword = async (password: string, hashed: string): Promise<boolean> => {
  const [salt = '', key = ''] = hashed.split(':').map((part) => Buffer.from(part, 'base64url'));
  return timingSafeEqual(await derive(password, Buffer.from(salt)), Buffer.from(key));
};
