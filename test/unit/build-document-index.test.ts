import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildIndexFile,
  DocumentIndex,
  type ContentDocument,
} from '../../src/content/document-index.ts';

const aDocument = (id: string, title: string, text: string): ContentDocument => ({
  id,
  title,
  url: `https://docs.example.com/${id}`,
  text,
  metadata: { path: id, type: 'md' },
});

const indexOf = (
  documents: readonly ContentDocument[],
  headings: Readonly<Record<string, string>> = {},
) =>
  new DocumentIndex(
    JSON.parse(JSON.stringify(buildIndexFile(documents, new Map(Object.entries(headings))))),
  );

const idsOf = (index: DocumentIndex, query: string) =>
  index.search(query).map(({ document }) => document.id);

describe('ranking', () => {
  it('a word in the title comes before one in a heading, and that before one in the text', () => {
    const index = indexOf(
      [
        aDocument('text', 'One', 'about rotation of things'),
        aDocument('heading', 'Two', 'about other things'),
        aDocument('title', 'Rotation', 'about other things'),
      ],
      { heading: 'Rotation' },
    );
    expect(idsOf(index, 'rotation')).toEqual(['title', 'heading', 'text']);
  });

  it('a document with every word is found alone; without one, those with any word are', () => {
    const index = indexOf([
      aDocument('both', 'A', 'usage plans and pepper rotation'),
      aDocument('plans', 'B', 'usage plans'),
      aDocument('pepper', 'C', 'pepper'),
    ]);
    expect(idsOf(index, 'plans pepper')).toEqual(['both']);
    expect(idsOf(index, 'pepper zebra').sort()).toEqual(['both', 'pepper']);
  });

  it('finds beginnings of words and small misspellings, short words only exactly', () => {
    const index = indexOf([aDocument('a', 'A', 'authorizer of the api')]);
    expect(idsOf(index, 'autho')).toEqual(['a']);
    expect(idsOf(index, 'authorzier')).toEqual(['a']);
    expect(idsOf(index, 'AUTHORIZER')).toEqual(['a']);
    expect(idsOf(index, 'apx')).toEqual([]);
    expect(idsOf(index, 'au')).toEqual([]);
    expect(idsOf(index, 'zebra')).toEqual([]);
  });

  it('says which words of the document matched', () => {
    const index = indexOf([aDocument('a', 'A', 'authorizer decisions')]);
    expect(index.search('autho')[0]?.terms).toEqual(['authorizer']);
  });

  it('equal scores come by id, whatever order the documents were built in', () => {
    const documents = ['c', 'a', 'b', 'e', 'd'].map((id) => aDocument(id, 'Same', 'same text'));
    const expected = ['a', 'b', 'c', 'd', 'e'];
    expect(idsOf(indexOf(documents), 'same')).toEqual(expected);
    expect(idsOf(indexOf(documents.toReversed()), 'same')).toEqual(expected);
  });

  it('the same search has the same answer, however often and after whatever others', () => {
    const words = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
    const texts = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(texts, { minLength: 1, maxLength: 12 }), texts, (bodies, query) => {
        const documents = bodies.map((body, at) => aDocument(`d${at}`, 'T', body.join(' ')));
        const index = indexOf(documents);
        const first = idsOf(index, query.join(' '));
        idsOf(index, 'omega');
        expect(idsOf(index, query.join(' '))).toEqual(first);
        expect(idsOf(indexOf(documents), query.join(' '))).toEqual(first);
        expect(new Set(first).size).toBe(first.length);
      }),
      { numRuns: 50 },
    );
  });

  it('any query is only a query', () => {
    const index = indexOf([aDocument('a', 'A', 'text')]);
    for (const query of ['', ' ', '*', 'AND', 'a OR (', '__proto__', '\u0000', '\ud800']) {
      expect(Array.isArray(index.search(query))).toBe(true);
    }
  });
});

describe('documents', () => {
  it('are given by id, and no other way', () => {
    const document = aDocument('guides/a b.md', 'A', 'text');
    const index = indexOf([document]);
    expect(index.size).toBe(1);
    expect(index.get('guides/a b.md')).toEqual(document);
    for (const id of ['', 'guides', '../guides/a b.md', '__proto__', 'toString']) {
      expect(index.get(id)).toBeUndefined();
    }
  });
});

describe('a file that is not an index', () => {
  it.each([
    ['nothing', undefined],
    ['another version', { version: 2, documents: [], index: {} }],
    ['a document without a title', { version: 1, documents: [{ id: 'a' }], index: {} }],
  ])('(%s) is refused', (_, file) => {
    expect(() => new DocumentIndex(file)).toThrow();
  });
});
