import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { searchedText, snippetOf } from '../../src/content/snippet.ts';

const inner = (snippet: string) => snippet.replace(/^…/, '').replace(/…$/, '');

/** As a search makes it of a document's text. */
const snippet = (text: string, ...rest: [readonly string[], number?]): string =>
  snippetOf(searchedText(text), ...rest);

describe('snippetOf', () => {
  it('a short text is itself, on one line', () => {
    expect(snippet('  One\n\ntwo\tthree  ', ['two'])).toBe('One two three');
    expect(snippet('', ['x'])).toBe('');
  });

  it('is taken around the first of the words, and marked where it is cut', () => {
    const text = `${'a '.repeat(300)}needle ${'b '.repeat(300)}`;
    const cut = snippet(text, ['haystack', 'needle']);
    expect(cut).toMatch(/^….*a needle b.*…$/);
    expect(inner(cut)).toHaveLength(240);
  });

  it('begins with the text when no word occurs, or one occurs at the beginning', () => {
    const text = `needle ${'x'.repeat(500)}`;
    expect(snippet(text, ['other'])).toBe(`${text.slice(0, 240)}…`);
    expect(snippet(text, ['needle'])).toBe(`${text.slice(0, 240)}…`);
  });

  it('ends with the text when a word occurs at the end', () => {
    const text = `${'x'.repeat(500)} needle`;
    expect(snippet(text, ['needle'])).toBe(`…${text.slice(-240)}`);
  });

  it('finds words whatever their case', () => {
    expect(snippet(`${'x '.repeat(300)}NEEDLE`, ['needle'])).toContain('NEEDLE');
  });

  it('never cuts a character in half, wherever the cut falls', () => {
    const emoji = fc.constantFrom('🌉', 'é', 'a', ' ', '東', '👩‍🚀');
    fc.assert(
      fc.property(
        fc.array(emoji, { maxLength: 60 }).map((parts) => parts.join('')),
        fc.array(emoji, { maxLength: 2 }),
        fc.integer({ min: 1, max: 20 }),
        (text, terms, length) => {
          const line = text.replace(/\s+/gu, ' ').trim();
          const cut = snippet(text, terms, length);
          expect(cut.isWellFormed()).toBe(true);
          expect(cut).not.toContain('\uFFFD');
          expect(line).toContain(inner(cut));
          expect(inner(cut).length).toBeLessThanOrEqual(length + 2);
          expect(inner(cut).length).toBeGreaterThanOrEqual(Math.min(length, line.length));
        },
      ),
    );
  });

  it('a text that is broken already comes out well-formed', () => {
    expect(snippet('a\ud83db', []).isWellFormed()).toBe(true);
    expect(snippet('\ude00'.repeat(50), [], 7).isWellFormed()).toBe(true);
  });
});
