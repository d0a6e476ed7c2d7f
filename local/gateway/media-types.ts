/** `application/json` of `Application/JSON; charset=utf-8`. */
export const mediaType = (value: string | undefined): string =>
  (value ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';

/** Is `type` one of the API's BinaryMediaTypes? A type of the API may be a wildcard (any, or `image/…`). */
export const isBinary = (binaryMediaTypes: readonly string[], type: string): boolean =>
  binaryMediaTypes.some((candidate) => {
    const wanted = candidate.toLowerCase();
    return (
      wanted === '*/*' ||
      wanted === type ||
      (wanted.endsWith('/*') && type.startsWith(wanted.slice(0, -1)))
    );
  });

/** The content type that answers: the one that Accept names first among those offered, else JSON, else the first. */
export const chooseType = (
  offered: readonly string[],
  accept: string | undefined,
): string | undefined => {
  if (offered.length > 1 && accept !== undefined) {
    const wanted = accept.split(',').map(mediaType);
    const match = wanted.find((type) => offered.includes(type));
    if (match !== undefined) return match;
  }
  return offered.find((type) => type === 'application/json') ?? offered[0];
};
