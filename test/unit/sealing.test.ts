import { describe, expect, it } from 'vitest';
import { Sealer } from '../../src/sealing/sealer.ts';

const aSealer = (initial = 'a'.repeat(64)) => {
  const state = { secret: initial, now: 1_000_000, reads: 0, fails: false };
  const sealer = new Sealer(
    async () => {
      state.reads += 1;
      if (state.fails) throw new Error('unreachable');
      return state.secret;
    },
    () => state.now,
  );
  return { state, sealer };
};

describe('Sealer', () => {
  it('opens what it sealed, for the purpose and the time, and never the same twice', async () => {
    const { sealer, state } = aSealer();
    const sealed = await sealer.seal('code', { a: 'ü' }, 10);
    expect(sealed).toMatch(/^[\w-]{8}\.[\w-]+$/u);
    expect(await sealer.seal('code', { a: 'ü' }, 10)).not.toBe(sealed);
    expect(await sealer.open('code', sealed)).toEqual({ a: 'ü' });
    expect(await sealer.open('state', sealed)).toBeUndefined();
    state.now += 10_000;
    expect(await sealer.open('code', sealed)).toBeUndefined();
    expect(state.reads).toBe(1);
  });

  it('opens nothing that was touched, at any place', async () => {
    const { sealer } = aSealer();
    const sealed = await sealer.seal('code', { a: 1 }, 10);
    const bytes = Buffer.from(sealed.slice(9), 'base64url');
    for (let index = 0; index < bytes.length; index++) {
      const touched = Buffer.from(bytes);
      touched[index] = (touched[index] ?? 0) ^ 1;
      expect(
        await sealer.open('code', `${sealed.slice(0, 9)}${touched.toString('base64url')}`),
      ).toBeUndefined();
    }
    for (const other of [
      '',
      '.',
      'AAAAAAAA.',
      'AAAAAAAA.AA',
      `${sealed}=`,
      `${sealed}.`,
      sealed.slice(0, 30),
    ]) {
      expect(await sealer.open('code', other)).toBeUndefined();
    }
  });

  it('opens no other spelling of the same bytes', async () => {
    const { sealer } = aSealer();
    // Bodies of every length modulo three: one and two characters may have bits that no byte has.
    for (const filler of ['', 'x', 'xx']) {
      const sealed = await sealer.seal('code', { filler }, 10);
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
      for (const character of alphabet) {
        for (const other of [sealed + character, sealed.slice(0, -1) + character]) {
          if (other === sealed) continue;
          expect(await sealer.open('code', other), other.slice(-3)).toBeUndefined();
        }
      }
    }
  });

  it('a new key is picked up; what the old one sealed still opens', async () => {
    const { sealer, state } = aSealer();
    const old = await sealer.seal('code', { a: 1 }, 3600);
    const elsewhere = aSealer('b'.repeat(64));
    elsewhere.state.now = state.now + 11_000;
    const fresh = await elsewhere.sealer.seal('code', { b: 2 }, 3600);
    state.secret = 'b'.repeat(64);
    // Sealed by another container that has read the new key already.
    state.now += 11_000;
    expect(await sealer.open('code', fresh)).toEqual({ b: 2 });
    expect(await sealer.open('code', old)).toEqual({ a: 1 });
  });

  it('values of keys that do not exist cause one read in ten seconds', async () => {
    const { sealer, state } = aSealer();
    await sealer.seal('code', {}, 10);
    state.now += 11_000;
    for (let index = 0; index < 1000; index++) {
      await sealer.open('code', `key${String(index).padStart(5, '0')}.AAAA`);
    }
    expect(state.reads).toBe(2);
  });

  it('goes on with the key it has while the secret cannot be read; without one it fails', async () => {
    const { sealer, state } = aSealer();
    await sealer.seal('code', {}, 10);
    state.fails = true;
    state.now += 400_000;
    const sealed = await sealer.seal('code', { a: 1 }, 10);
    expect(await sealer.open('code', sealed)).toEqual({ a: 1 });
    const none = aSealer();
    none.state.fails = true;
    await expect(none.sealer.seal('code', {}, 10)).rejects.toThrow();
    await expect(aSealer('short').sealer.seal('code', {}, 10)).rejects.toThrow('32 characters');
  });
});
