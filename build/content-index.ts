import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { convert } from 'html-to-text';
import { lexer, type Token } from 'marked';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import {
  buildIndexFile,
  type ContentDocument,
  type ContentIndexFile,
} from '../src/content/document-index.ts';

export interface ContentSource {
  /** Read with its sub-folders. Files and folders whose names begin with a dot are left out. */
  readonly directory: string;
  /** Documents link to `<baseUrl>/<path>`; without it to `drawbridge://content/<path>`. */
  readonly baseUrl?: string | undefined;
}

interface ReadDocument {
  readonly title: string;
  readonly headings: string;
  readonly text: string;
  readonly url?: string;
}

/** What a document may say of itself in YAML front matter; other keys are for other programs. */
const frontMatter = z.looseObject({
  title: z.string().min(1).optional(),
  url: z.url({ protocol: /^https?$/ }).optional(),
});

const readYaml = (source: string, file: string): unknown => {
  try {
    return parseYaml(source);
  } catch (cause) {
    throw new Error(`${file}: its front matter is not YAML: ${(cause as Error).message}`, {
      cause,
    });
  }
};

const splitFrontMatter = (source: string, file: string) => {
  const match = /^---\r?\n([\s\S]*?)\r?\n---\r?\n?/u.exec(source);
  if (match === null) return { data: {}, body: source };
  const parsed = frontMatter.safeParse(readYaml(match[1] ?? '', file) ?? {});
  if (!parsed.success) {
    throw new Error(`${file}: its front matter is not right: ${z.prettifyError(parsed.error)}`);
  }
  return { data: parsed.data, body: source.slice(match[0].length) };
};

const inlineText = (tokens: readonly Token[] = []): string =>
  tokens
    .map((token) =>
      'tokens' in token && token.tokens
        ? inlineText(token.tokens)
        : 'text' in token
          ? String(token.text)
          : '',
    )
    .join('');

const readMarkdown = (source: string, file: string): ReadDocument => {
  const { data, body } = splitFrontMatter(source, file);
  const headings = lexer(body)
    .filter((token) => token.type === 'heading')
    .map((token) => ({
      depth: (token as { depth: number }).depth,
      text: inlineText((token as { tokens?: Token[] }).tokens),
    }));
  const title = data.title ?? (headings.find(({ depth }) => depth === 1)?.text.trim() || file);
  return {
    title,
    headings: headings.map(({ text }) => text).join('\n'),
    text: body.trim(),
    ...(data.url === undefined ? {} : { url: data.url }),
  };
};

const readHtml = (source: string, file: string): ReadDocument => {
  const only = (selector: string) =>
    convert(source, {
      baseElements: { selectors: [selector], returnDomByDefault: false },
      wordwrap: false,
      selectors: [{ selector: selector === 'title' ? 'title' : 'h1', format: 'inline' }],
    }).trim();
  const text = convert(source, {
    wordwrap: false,
    selectors: [
      { selector: 'img', format: 'skip' },
      { selector: 'script', format: 'skip' },
      { selector: 'style', format: 'skip' },
      { selector: 'head', format: 'skip' },
      ...['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({
        selector,
        options: { uppercase: false },
      })),
    ],
  });
  return { title: only('title') || only('h1') || file, headings: only('h1'), text: text.trim() };
};

const readText = (source: string, file: string): ReadDocument => ({
  title: source.split('\n', 1)[0]?.trim().slice(0, 120) || file,
  headings: '',
  text: source.trim(),
});

const readers: Readonly<Record<string, (source: string, file: string) => ReadDocument>> = {
  '.md': readMarkdown,
  '.markdown': readMarkdown,
  '.html': readHtml,
  '.htm': readHtml,
  '.txt': readText,
};

/**
 * Reads every Markdown, HTML and text file of a folder and indexes it.
 * @throws Error that names the folder or file that cannot be served.
 */
export const buildContentIndex = ({ directory, baseUrl }: ContentSource): ContentIndexFile => {
  if (!existsSync(directory)) {
    throw new Error(
      `content.folder names ${directory}, which does not exist. Create it, or set content.folder.`,
    );
  }
  const files = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => !file.split('/').some((name) => name.startsWith('.')))
    .filter((file) => extname(file).toLowerCase() in readers)
    .sort();
  const headings = new Map<string, string>();
  const documents = files.map((id): ContentDocument => {
    const bytes = readFileSync(join(directory, id));
    let source: string;
    try {
      source = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (cause) {
      throw new Error(`${join(directory, id)} is not UTF-8 text. Convert it, or move it out.`, {
        cause,
      });
    }
    const read = readers[extname(id).toLowerCase()]?.(source, id);
    if (read === undefined) throw new Error(`${id} has no reader`);
    headings.set(id, read.headings);
    const path = id.split('/').map(encodeURIComponent).join('/');
    return {
      id,
      title: read.title,
      url:
        read.url ??
        (baseUrl === undefined
          ? `drawbridge://content/${path}`
          : `${baseUrl.replace(/\/$/u, '')}/${path}`),
      text: read.text,
      metadata: { path: id, type: extname(id).slice(1).toLowerCase() },
    };
  });
  return buildIndexFile(documents, headings);
};
