import type { Exchange } from './exchange.ts';
import {
  asGatewayResponseType,
  gatewayResponseTypes,
  type GatewayResponseType,
} from './failures.ts';
import { chooseType } from './media-types.ts';
import type { GatewayResponseProperties } from './rest-api-schema.ts';
import { compileMapping, compileText } from './text-template.ts';

/** An answer whose body is known whole. Headers are name, value, name, value, … */
export interface WholeResponse {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: string | Buffer;
}

interface CompiledResponse {
  readonly status: number | undefined;
  readonly headers: readonly (readonly [string, ReturnType<typeof compileMapping>])[];
  readonly hasContentType: boolean;
  readonly templates: ReadonlyMap<string, (exchange: Exchange) => string>;
}

const HEADER = /^gatewayresponse\.header\.(.+)$/;
const DEFAULT_TEMPLATES = { 'application/json': '{"message":$context.error.messageString}' };
/** The one default body that is spelt differently on the wire. */
const ACCESS_DENIED_TEMPLATES = { 'application/json': '{"Message":$context.error.messageString}' };

const compile = (
  response: Pick<
    GatewayResponseProperties,
    'StatusCode' | 'ResponseParameters' | 'ResponseTemplates'
  >,
): CompiledResponse => {
  const headers = Object.entries(response.ResponseParameters).map(([target, source]) => {
    const [, name] = HEADER.exec(target) ?? [];
    if (name === undefined)
      throw new Error(`The twin does not implement the mapping to ${target}.`);
    return [name, compileMapping(source)] as const;
  });
  const templates =
    Object.keys(response.ResponseTemplates).length > 0
      ? response.ResponseTemplates
      : DEFAULT_TEMPLATES;
  return {
    status: response.StatusCode,
    headers,
    hasContentType: headers.some(([name]) => name.toLowerCase() === 'content-type'),
    templates: new Map(
      Object.entries(templates).map(([type, template]) => [type, compileText(template)]),
    ),
  };
};

const builtIn = (type: GatewayResponseType): CompiledResponse =>
  compile({
    StatusCode: undefined,
    ResponseParameters: {},
    ResponseTemplates: type === 'ACCESS_DENIED' ? ACCESS_DENIED_TEMPLATES : DEFAULT_TEMPLATES,
  });

/**
 * The API's gateway responses ("Gateway responses for REST APIs"): the template's own for a type, else its
 * DEFAULT_4XX or DEFAULT_5XX, else API Gateway's default. A customized type does not inherit from the defaults.
 */
export class GatewayResponses {
  readonly #byType: ReadonlyMap<GatewayResponseType, CompiledResponse>;

  /** @throws Error naming a type, mapping or variable that the twin does not implement. */
  constructor(customized: readonly GatewayResponseProperties[]) {
    const own = new Map(
      customized.map((response) => [
        asGatewayResponseType(response.ResponseType),
        compile(response),
      ]),
    );
    const types = Object.keys(gatewayResponseTypes).map(asGatewayResponseType);
    this.#byType = new Map(
      types.map((type) => {
        const family = gatewayResponseTypes[type].status < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
        return [type, own.get(type) ?? own.get(family) ?? builtIn(type)];
      }),
    );
  }

  /** Renders the failure that the exchange ended in. */
  render(exchange: Exchange): WholeResponse {
    const failure = exchange.failure ?? { type: 'DEFAULT_5XX' };
    const defaults = gatewayResponseTypes[failure.type];
    const response = this.#byType.get(failure.type);
    if (!response) throw new Error(`No gateway response for ${failure.type}.`);
    const type = chooseType([...response.templates.keys()], exchange.header('accept'));
    const headers = ['x-amzn-ErrorType', defaults.errorType];
    if (!response.hasContentType && type !== undefined) headers.push('Content-Type', type);
    for (const [name, mapping] of response.headers) {
      const value = typeof mapping === 'string' ? mapping : mapping(exchange);
      if (value !== undefined) headers.push(name, value);
    }
    return {
      status: response.status ?? failure.status ?? defaults.status,
      headers,
      body: response.templates.get(type ?? '')?.(exchange) ?? '',
    };
  }
}
