/** `${secret:name}`, `${secret:name#field}` or `${env:NAME}` inside a string of the configuration. */
export interface Reference {
  readonly text: string;
  readonly source: 'secret' | 'env';
  readonly name: string;
  /** Of a secret that is a JSON object. */
  readonly field: string | undefined;
}

const pattern =
  /\$\{(secret|env):([A-Za-z0-9_][A-Za-z0-9_./-]{0,127})(?:#([A-Za-z0-9_.-]{1,64}))?\}/gu;

export const referencesOf = (text: string): readonly Reference[] =>
  [...text.matchAll(pattern)].map(([match, source, name = '', field]) => ({
    text: match,
    source: source === 'env' ? 'env' : 'secret',
    name,
    field,
  }));

export const hasSecret = (text: string): boolean =>
  referencesOf(text).some(({ source }) => source === 'secret');

/** A name of a header or variable whose value nobody should read in a template. */
export const looksSecret = (name: string): boolean =>
  /authorization|cookie|secret|password|passwd|credential|token|api[-_]?key|private[-_]?key|access[-_]?key/iu.test(
    name,
  );

/** Whether something is written like a reference and is none: `${…}` of another form would be sent as it is. */
export const brokenReference = (text: string): string | undefined => {
  const left = text.replaceAll(pattern, '');
  return /\$\{[^}]*\}?/u.exec(left)?.[0];
};

/** The text with each reference replaced, once: a value that looks like a reference stays as it is. */
export const fillReferences = (text: string, valueOf: (reference: Reference) => string): string =>
  text.replaceAll(pattern, (match, source: string, name: string, field?: string) =>
    valueOf({ text: match, source: source === 'env' ? 'env' : 'secret', name, field }),
  );
