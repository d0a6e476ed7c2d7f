import { fieldToMatch } from './web-acl-schema.ts';
import { headerValues, queryArguments, type WafRequest } from './waf-request.ts';

/** The strings that a statement looks at, or the verdict that oversize handling gives without looking. */
export type Extract = (request: WafRequest) => readonly string[] | boolean;

type OversizeHandling = 'CONTINUE' | 'MATCH' | 'NO_MATCH';

const bodyField =
  (handling: OversizeHandling): Extract =>
  (request) =>
    request.bodyIsCut && handling !== 'CONTINUE'
      ? handling === 'MATCH'
      : [request.body.toString('latin1')];

const asOversizeHandling = (value: string | undefined): OversizeHandling => {
  if (value === undefined) return 'CONTINUE';
  if (value === 'CONTINUE' || value === 'MATCH' || value === 'NO_MATCH') return value;
  throw new Error(`does not know the oversize handling ${value}`);
};

/**
 * "Request components in AWS WAF". A component that the request does not have yields nothing, so nothing matches.
 * @throws Error naming a component that the twin does not implement.
 */
export const compileField = (input: unknown): { extract: Extract; inspectsBody: boolean } => {
  const parsed = fieldToMatch.safeParse(input);
  if (!parsed.success) {
    const component = Object.keys(input ?? {}).join(', ');
    throw new Error(`does not implement the request component ${component}`);
  }
  const field = parsed.data;
  if (field.Body) {
    const handling = asOversizeHandling(field.Body.OversizeHandling);
    return { extract: bodyField(handling), inspectsBody: true };
  }
  return { extract: compileHead(field), inspectsBody: false };
};

const compileHead = (field: ReturnType<typeof fieldToMatch.parse>): Extract => {
  if (field.Method) return (request) => [request.method];
  if (field.UriPath) return (request) => [request.uriPath];
  if (field.QueryString) return (request) => [request.queryString];
  if (field.AllQueryArguments) return (request) => queryArguments(request).flat();
  const header = field.SingleHeader?.Name.toLowerCase();
  if (header !== undefined) {
    return (request) => {
      const values = headerValues(request, header);
      return values.length > 1 ? [values.join(',')] : values;
    };
  }
  const argument = field.SingleQueryArgument?.Name.toLowerCase();
  if (argument !== undefined) {
    return (request) =>
      queryArguments(request)
        .filter(([name]) => name.toLowerCase() === argument)
        .map(([, value]) => value);
  }
  throw new Error('needs a request component to match');
};
