import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildContentIndex } from '../../build/content-index.ts';
import { DocumentIndex } from '../../src/content/document-index.ts';
import { tempFolder } from './support/temp-dir.ts';

const index = (files: Readonly<Record<string, string | Buffer>>, baseUrl?: string) =>
  buildContentIndex({ directory: tempFolder(files), baseUrl });

/** The one document of a folder with one file. */
const documentOf = (file: string, content: string, baseUrl?: string) => {
  const { documents } = index({ [file]: content }, baseUrl);
  expect(documents).toHaveLength(1);
  return documents[0]!;
};

describe('Markdown', () => {
  it('is the document itself, with the first level-one heading for its title', () => {
    expect(
      documentOf('guide.md', '\nIntro\n\n# The *guide* to `it`\n\nText\n\n# Second\n'),
    ).toEqual({
      id: 'guide.md',
      title: 'The guide to it',
      url: 'drawbridge://content/guide.md',
      text: 'Intro\n\n# The *guide* to `it`\n\nText\n\n# Second',
      metadata: { path: 'guide.md', type: 'md' },
    });
  });

  it('may say its title and link in front matter, which is not its text', () => {
    const source =
      '---\ntitle: From above\nurl: https://example.com/x\ntags: [a]\n---\n# Heading\n';
    expect(documentOf('a.markdown', source, 'https://docs.example.com')).toEqual({
      id: 'a.markdown',
      title: 'From above',
      url: 'https://example.com/x',
      text: '# Heading',
      metadata: { path: 'a.markdown', type: 'markdown' },
    });
  });

  it('front matter may have Windows line ends', () => {
    expect(documentOf('a.md', '---\r\ntitle: T\r\n---\r\nText\r\n')).toMatchObject({
      title: 'T',
      text: 'Text',
    });
  });

  it('a byte order mark is no part of it', () => {
    expect(documentOf('a.md', '\uFEFF---\ntitle: T\n---\n# H')).toMatchObject({
      title: 'T',
      text: '# H',
    });
  });

  it.each([
    ['no heading', 'Only text'],
    ['only lower headings', '## Two\n\n### Three'],
    ['an empty heading', '#\n\nText'],
    ['a heading in a code block', '```\n# not a heading\n```'],
    ['nothing at all', ''],
  ])('with %s is called by its path', (_, source) => {
    expect(documentOf('guide.md', source).title).toBe('guide.md');
  });

  it('two rules are no front matter when text stands before them', () => {
    expect(documentOf('a.md', 'Text\n---\ntitle: x\n---\n').text).toContain('title: x');
  });

  it.each([
    [
      'a link that is none',
      '---\nurl: javascript:alert(1)\n---\n',
      /a\.md: its front matter is not right/,
    ],
    ['a title that is a list', '---\ntitle: [a]\n---\n', /a\.md: its front matter is not right/],
    ['a list', '---\n- a\n---\n', /a\.md: its front matter is not right/],
    ['broken YAML', '---\ntitle: "a\n---\n', /a\.md: its front matter is not YAML/],
  ])('front matter with %s is refused by the name of the file', (_, source, message) => {
    expect(() => index({ 'a.md': source })).toThrow(message);
  });
});

describe('HTML', () => {
  const page =
    '<!doctype html><html><head><title> The\n page </title><style>.canary{}</style></head>' +
    '<body><h1>Big Heading</h1><p>Some <b>bold</b> text.</p><script>canary()</script>' +
    '<img src="canary.png" alt="canary"><h2>Small</h2><p>Naïve &amp; <a href="https://example.com">linked</a></p></body></html>';

  it('is its text, with the title of the page, without scripts, styles and pictures', () => {
    const document = documentOf('page.html', page);
    expect(document).toMatchObject({
      title: 'The page',
      url: 'drawbridge://content/page.html',
      metadata: { path: 'page.html', type: 'html' },
    });
    expect(document.text).toMatch(/^Big Heading\s+Some bold text\.\s+Small\s+Naïve & linked/);
    expect(document.text).not.toMatch(/canary|<|The page/);
  });

  it('without a title is called by its heading, without that by its path', () => {
    expect(documentOf('a.htm', '<h1>Heading</h1><p>x</p>').title).toBe('Heading');
    expect(documentOf('a.htm', '<p>x</p>').title).toBe('a.htm');
    expect(documentOf('a.htm', '<title></title><h1> </h1>').title).toBe('a.htm');
  });
});

describe('text', () => {
  it('is called by its first line, or by its path', () => {
    expect(documentOf('notes.txt', '  First line \nSecond\n')).toEqual({
      id: 'notes.txt',
      title: 'First line',
      url: 'drawbridge://content/notes.txt',
      text: 'First line \nSecond',
      metadata: { path: 'notes.txt', type: 'txt' },
    });
    expect(documentOf('empty.txt', '\n\n').title).toBe('empty.txt');
    expect(documentOf('long.txt', 'x'.repeat(500)).title).toHaveLength(120);
  });
});

describe('a folder', () => {
  it('is read with its sub-folders, in the order of paths', () => {
    const { documents } = index({
      'b.md': 'b',
      'a/z.md': 'z',
      'a/b/c.txt': 'c',
      'B.md': 'B',
      'a.md': 'a',
    });
    expect(documents.map(({ id }) => id)).toEqual(['B.md', 'a.md', 'a/b/c.txt', 'a/z.md', 'b.md']);
  });

  it('what begins with a dot, file or folder, and what has no reader is left out', () => {
    const { documents } = index({
      'a.md': 'a',
      '.hidden.md': 'canary',
      '.obsidian/notes.md': 'canary',
      'sub/.git/description.txt': 'canary',
      'picture.png': 'canary',
      'data.json': '{}',
      README: 'canary',
      'UPPER.MD': 'upper',
    });
    expect(documents.map(({ id }) => id)).toEqual(['UPPER.MD', 'a.md']);
    expect(JSON.stringify(documents)).not.toContain('canary');
  });

  it('the same files give the same bytes', () => {
    const files = { 'a.md': '# A\n\nalpha', 'b/c.html': '<h1>C</h1>', 'd.txt': 'delta' };
    expect(JSON.stringify(index(files))).toBe(JSON.stringify(index(files)));
  });

  it('that is empty is an index of nothing', () => {
    const file = index({ '.gitkeep': '' });
    expect(file.documents).toEqual([]);
    expect(new DocumentIndex(file).search('anything')).toEqual([]);
  });

  it('that does not exist is named, with what to do', () => {
    const directory = join(tempFolder({}), 'nowhere');
    expect(() => buildContentIndex({ directory })).toThrow(
      `content.folder names ${directory}, which does not exist. Create it, or set content.folder.`,
    );
  });

  it('a file that is not UTF-8 is named', () => {
    const directory = tempFolder({ 'sub/latin1.txt': Buffer.from('caf\xe9', 'latin1') });
    expect(() => buildContentIndex({ directory })).toThrow(
      `${join(directory, 'sub/latin1.txt')} is not UTF-8 text. Convert it, or move it out.`,
    );
  });
});

describe('links', () => {
  it.each([
    [undefined, 'drawbridge://content/a%20b/%C3%A6%231.md'],
    ['https://docs.example.com', 'https://docs.example.com/a%20b/%C3%A6%231.md'],
    ['https://docs.example.com/', 'https://docs.example.com/a%20b/%C3%A6%231.md'],
    ['https://docs.example.com/v1/', 'https://docs.example.com/v1/a%20b/%C3%A6%231.md'],
  ])('with baseUrl %s lead to the file, percent-encoded', (baseUrl, url) => {
    expect(documentOf('a b/æ#1.md', 'x', baseUrl).url).toBe(url);
  });
});

describe('what is written', () => {
  it('is what the function loads, and finds words of titles, headings and text', () => {
    const file = index({
      'title.md': '---\ntitle: Quokka\n---\nx',
      'heading.md': '# One\n\n## Wombat\n\nx',
      'text.md': '# Two\n\nplatypus',
      'page.html': '<title>Echidna</title><p>x</p>',
      'empty.md': '#\n',
    });
    const loaded = new DocumentIndex(JSON.parse(JSON.stringify(file)));
    const found = (query: string) => loaded.search(query).map(({ document }) => document.id);
    expect(loaded.size).toBe(5);
    expect(found('quokka')).toEqual(['title.md']);
    expect(found('wombat')).toEqual(['heading.md']);
    expect(found('platypus')).toEqual(['text.md']);
    expect(found('echidna')).toEqual(['page.html']);
  });
});
