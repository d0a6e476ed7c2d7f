/** One web request as WAF sees it. Strings hold bytes (latin1), as node:http gives them. */
export interface WafRequest {
  /** By which the log names it. */
  readonly requestId: string;
  /** As in `HTTP/1.1`. */
  readonly httpVersion: string;
  readonly sourceIp: string;
  readonly method: string;
  /** As sent, not decoded. */
  readonly uriPath: string;
  /** Without the question mark. */
  readonly queryString: string;
  /** Name, value, name, value, …, as sent. */
  readonly rawHeaders: readonly string[];
  /** As much of the body as the web ACL inspects. */
  readonly body: Buffer;
  /** The body goes on after `body`. */
  readonly bodyIsCut: boolean;
}

/** What rules that ran before have left for the later ones. */
export interface WafContext {
  readonly request: WafRequest;
  /** Fully qualified label names. */
  readonly labels: Set<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** One compiled statement: does the request match it? */
export type WafPredicate = (context: WafContext) => boolean;

/** The values of a header, whatever the case of its name. */
export const headerValues = (request: WafRequest, lowerCaseName: string): string[] => {
  const values: string[] = [];
  const { rawHeaders } = request;
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    if (rawHeaders[index]?.toLowerCase() === lowerCaseName)
      values.push(rawHeaders[index + 1] ?? '');
  }
  return values;
};

/** Name and value of each query argument, as sent. */
export const queryArguments = (request: WafRequest): [string, string][] =>
  request.queryString === ''
    ? []
    : request.queryString.split('&').map((pair) => {
        const at = pair.indexOf('=');
        return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
      });
