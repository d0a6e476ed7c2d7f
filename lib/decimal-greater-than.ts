/**
 * A regular expression for the decimal numbers above `limit`: WAF compares headers as text only.
 * @param limit - a positive integer.
 */
export const decimalGreaterThan = (limit: number): string => {
  const digits = String(limit);
  const sameLength = [...digits].flatMap((digit, index) => {
    if (digit === '9') return [];
    const rest = digits.length - index - 1;
    const higher = digit === '8' ? '9' : `[${Number(digit) + 1}-9]`;
    return [`${digits.slice(0, index)}${higher}${rest === 0 ? '' : `[0-9]{${rest}}`}`];
  });
  return `^0*(${[...sameLength, `[1-9][0-9]{${digits.length},}`].join('|')})$`;
};
