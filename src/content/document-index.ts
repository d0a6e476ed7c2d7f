import MiniSearch, { type Options, type SearchResult } from 'minisearch';
import * as z from 'zod';
import { searchedText, type SearchedText } from './snippet.ts';

/** One document, as `fetch` returns it. `id` is its path in the content folder. */
export const contentDocument = z.object({
  id: z.string().min(1),
  title: z.string().min(1),
  url: z.string().min(1),
  text: z.string(),
  metadata: z.record(z.string(), z.string()),
});
export type ContentDocument = z.infer<typeof contentDocument>;

/** What the build writes beside the function: the documents and their search index. */
export const contentIndexFile = z.object({
  version: z.literal(1),
  documents: z.array(contentDocument),
  index: z.unknown(),
});
export type ContentIndexFile = z.infer<typeof contentIndexFile>;

interface IndexedFields {
  readonly id: string;
  readonly title: string;
  readonly headings: string;
  readonly text: string;
}

/** Building and loading must agree on these, or MiniSearch answers nonsense. */
const indexOptions: Options<IndexedFields> = {
  fields: ['title', 'headings', 'text'],
  searchOptions: {
    boost: { title: 4, headings: 2 },
    prefix: (term) => term.length > 2,
    fuzzy: (term) => (term.length > 4 ? 0.2 : false),
    combineWith: 'AND',
  },
};

/** @param headings - of each document by id: words in a heading weigh more than words in running text. */
export const buildIndexFile = (
  documents: readonly ContentDocument[],
  headings: ReadonlyMap<string, string>,
): ContentIndexFile => {
  const index = new MiniSearch<IndexedFields>(indexOptions);
  index.addAll(
    documents.map(({ id, title, text }) => ({ id, title, text, headings: headings.get(id) ?? '' })),
  );
  return { version: 1, documents: [...documents], index: index.toJSON() };
};

export interface Hit {
  readonly document: ContentDocument;
  /** Made for what is shown: a search finds many more documents than fit on its page. */
  readonly searched: () => SearchedText;
  /** Words of the query as they occur in the document. */
  readonly terms: readonly string[];
}

/** Full-text search over a fixed set of documents, in memory. */
export class DocumentIndex {
  readonly #documents: ReadonlyMap<string, ContentDocument>;
  readonly #index: MiniSearch<IndexedFields>;
  readonly #searched = new Map<string, SearchedText>();

  /** @throws ZodError when the file is not what the build writes. */
  constructor(file: unknown) {
    const { documents, index } = contentIndexFile.parse(file);
    this.#documents = new Map(documents.map((document) => [document.id, document]));
    this.#index = MiniSearch.loadJS<IndexedFields>(
      index as Parameters<typeof MiniSearch.loadJS>[0],
      indexOptions,
    );
  }

  get size(): number {
    return this.#documents.size;
  }

  get(id: string): ContentDocument | undefined {
    return this.#documents.get(id);
  }

  /** Best first; equal scores by id, so that pages of one search never overlap. All words first, then any word. */
  search(query: string): readonly Hit[] {
    const all = this.#index.search(query);
    const results = all.length > 0 ? all : this.#index.search(query, { combineWith: 'OR' });
    return results
      .toSorted((a, b) => b.score - a.score || String(a.id).localeCompare(String(b.id), 'en'))
      .flatMap((result) => this.#hit(result));
  }

  #hit(result: SearchResult): readonly Hit[] {
    const document = this.#documents.get(String(result.id));
    if (document === undefined) return [];
    return [{ document, searched: () => this.#searchedTextOf(document), terms: result.terms }];
  }

  #searchedTextOf({ id, text }: ContentDocument): SearchedText {
    const known = this.#searched.get(id) ?? searchedText(text);
    this.#searched.set(id, known);
    return known;
  }
}
