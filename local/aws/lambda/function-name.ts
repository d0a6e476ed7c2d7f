import { AwsError } from '../aws-error.ts';

/** AWS Lambda API, "Invoke", FunctionName: a name, a partial ARN or an ARN, with a qualifier or without. */
const pattern =
  /^(?:arn:aws:lambda:)?(?:([a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_.]{1,64})(?::([$a-zA-Z0-9-_]+))?$/;

/**
 * The ARN of what a request names: a function, or a version or an alias of it.
 * @throws AwsError for a name that is none.
 */
export const functionArnOf = (
  name: string,
  { region, accountId }: { readonly region: string; readonly accountId: string },
): string => {
  const [match, ofRegion = region, ofAccount = accountId, own, qualifier] =
    pattern.exec(name) ?? [];
  if (match === undefined) {
    throw new AwsError(
      'ValidationException',
      `Value '${name}' at 'functionName' failed to satisfy constraint: ${pattern.source}`,
    );
  }
  const arn = `arn:aws:lambda:${ofRegion}:${ofAccount}:function:${own}`;
  return qualifier === undefined || qualifier === '$LATEST' ? arn : `${arn}:${qualifier}`;
};

export const notFound = (arn: string): AwsError =>
  new AwsError('ResourceNotFoundException', `Function not found: ${arn}`, 404);
