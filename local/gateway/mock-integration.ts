import type { Exchange } from './exchange.ts';
import type { Failure } from './failures.ts';
import type { WholeResponse } from './gateway-responses.ts';
import { chooseType, mediaType } from './media-types.ts';
import type { MockIntegration } from './model.ts';
import { compileMapping, compileText } from './text-template.ts';

interface CompiledMockResponse {
  readonly statusCode: number;
  readonly selects: RegExp | undefined;
  readonly headers: readonly (readonly [string, ReturnType<typeof compileMapping>])[];
  readonly hasContentType: boolean;
  readonly templates: ReadonlyMap<string, (exchange: Exchange) => string>;
}

/** A mock: given what the request sent, the response or the failure. */
export type Mock = (exchange: Exchange, body: Buffer) => WholeResponse | Failure;

const statusOfBody = (body: Buffer): number | undefined => {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    const status = value instanceof Object && 'statusCode' in value ? value.statusCode : undefined;
    return typeof status === 'number' ? status : undefined;
  } catch {
    return undefined;
  }
};

/**
 * A mock integration ("Mock integrations for REST APIs"): the request template of the request's content type (JSON
 * when it has none) gives a status, which selects the integration response. With the passthrough behaviour
 * WHEN_NO_MATCH a request of another content type goes through unmapped, and its own body must give the status.
 * @throws Error naming a mapping or a template that the twin does not implement.
 */
export const compileMock = (integration: MockIntegration): Mock => {
  const responses = integration.responses.map((response): CompiledMockResponse => ({
    statusCode: response.statusCode,
    selects: response.selects,
    headers: Object.entries(response.headers).map(([name, source]) => [
      name,
      compileMapping(source),
    ]),
    hasContentType: Object.keys(response.headers).some((name) => /^content-type$/i.test(name)),
    templates: new Map(
      Object.entries(response.templates).map(([type, text]) => [type, compileText(text)]),
    ),
  }));
  const fallback = responses.find((response) => response.selects === undefined);

  return (exchange, body) => {
    const type = mediaType(exchange.header('content-type')) || 'application/json';
    let status = integration.statusByContentType.get(type);
    if (status === undefined) {
      const strict =
        integration.passthrough === 'NEVER' ||
        (integration.passthrough === 'WHEN_NO_TEMPLATES' &&
          integration.statusByContentType.size > 0);
      if (strict) return { type: 'UNSUPPORTED_MEDIA_TYPE' };
      status = statusOfBody(body);
    }
    const selected = responses.find((item) => item.selects?.test(String(status))) ?? fallback;
    if (status === undefined || !selected) {
      return {
        type: 'API_CONFIGURATION_ERROR',
        cause: `mock integration: no status for content type ${type}, or no response for it`,
      };
    }
    exchange.integration.status = status;
    return render(exchange, selected);
  };
};

const render = (exchange: Exchange, response: CompiledMockResponse): WholeResponse => {
  const type = chooseType([...response.templates.keys()], exchange.header('accept'));
  const headers: string[] = [];
  if (!response.hasContentType) headers.push('Content-Type', type ?? 'application/json');
  for (const [name, mapping] of response.headers) {
    const value = typeof mapping === 'string' ? mapping : mapping(exchange);
    if (value !== undefined) headers.push(name, value);
  }
  const body = response.templates.get(type ?? '')?.(exchange) ?? '';
  return { status: response.statusCode, headers, body };
};
