type Transformation = (text: string) => string;

const HEX_PAIR = /%([0-9a-f]{2})/gi;

/** Takes out repeated slashes, `./`, and `../` with the folder before it, except where there is none. */
const normalizePath = (path: string): string => {
  const kept: string[] = [];
  const parts = path.split('/');
  parts.forEach((part, index) => {
    const isLast = index === parts.length - 1;
    const before = kept.at(-1);
    if (part === '.' || (part === '' && index > 0)) {
      if (isLast && before !== '') kept.push('');
    } else if (part === '..' && kept.length > 1 && before !== '..') {
      kept.pop();
      if (isLast) kept.push('');
    } else kept.push(part);
  });
  return kept.length === 1 && kept[0] === '' && path !== '' ? '/' : kept.join('/');
};

/** "Text transformations in AWS WAF", those that the twin implements. On latin1 strings. */
const TRANSFORMATIONS: Readonly<Record<string, Transformation>> = {
  NONE: (text) => text,
  LOWERCASE: (text) => text.toLowerCase(),
  URL_DECODE: (text) =>
    text
      .replaceAll('+', ' ')
      .replace(HEX_PAIR, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
  COMPRESS_WHITE_SPACE: (text) => text.replace(/[\t\n\v\f\r \xa0]+/g, ' '),
  NORMALIZE_PATH: normalizePath,
  REMOVE_NULLS: (text) => text.replaceAll('\0', ''),
  REPLACE_NULLS: (text) => text.replaceAll('\0', ' '),
  BASE64_DECODE: (text) => Buffer.from(text, 'base64').toString('latin1'),
};

/**
 * The transformations of one statement, in the order of their priorities, as one function.
 * @throws Error naming a transformation that the twin does not implement.
 */
export const compileTransformations = (
  list: readonly { readonly Priority: number; readonly Type: string }[],
): Transformation => {
  const steps = [...list]
    .sort((a, b) => a.Priority - b.Priority)
    .map(({ Type }) => {
      const step = Object.hasOwn(TRANSFORMATIONS, Type) ? TRANSFORMATIONS[Type] : undefined;
      if (!step) throw new Error(`does not implement the text transformation ${Type}`);
      return step;
    });
  return (text) => steps.reduce((current, step) => step(current), text);
};
