import type { Exchange } from './exchange.ts';
import type { WholeResponse } from './gateway-responses.ts';

/** Statuses whose answers have no body. */
const hasNoBody = (status: number): boolean => status === 204 || status === 304;

/** The headers that API Gateway puts on every answer. */
export const gatewayHeaders = (exchange: Exchange): string[] => [
  'x-amzn-RequestId',
  exchange.requestId,
  'x-amz-apigw-id',
  exchange.extendedRequestId,
];

/** Sends a whole answer, if the client is still there to get it. */
export const sendWhole = (exchange: Exchange, answer: WholeResponse): void => {
  const { response } = exchange;
  if (response.destroyed || response.headersSent) return;
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const headers = gatewayHeaders(exchange).concat(answer.headers);
  if (hasNoBody(answer.status)) {
    exchange.status = answer.status;
    response.writeHead(answer.status, headers);
    response.end();
    return;
  }
  headers.push('Content-Length', String(body.length));
  response.writeHead(answer.status, headers);
  exchange.status = answer.status;
  exchange.responseBytes = body.length;
  response.end(body);
};
