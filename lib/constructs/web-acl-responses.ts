import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { gatewayErrors, type GatewayErrorCode } from '../../src/errors/gateway-error.ts';
import type { WafConfig } from '../waf-config.ts';

/** As every refusal of Drawbridge: JSON-RPC and REST clients find what they look for (content/http-api.md). */
const body = (code: GatewayErrorCode, message: string) => ({
  contentType: 'APPLICATION_JSON',
  content: JSON.stringify({
    jsonrpc: '2.0',
    id: null,
    error: { code: gatewayErrors[code].rpcCode, message, data: { code } },
    code,
    message,
  }),
});

/** What the web ACL itself answers. */
export const responseBodies = ({ maxBodyBytes, ipSets }: WafConfig) => ({
  tooLarge: body(
    'REQUEST_TOO_LARGE',
    `The body is larger than ${maxBodyBytes} bytes, or is long and has no Content-Length`,
  ),
  tooMany: body('THROTTLED', 'Too many requests from this address'),
  tooManyOpen: body('THROTTLED', 'Too many requests without a credential from this address'),
  tooManyOfCredential: body('THROTTLED', 'Too many requests with this credential'),
  ...(ipSets.deny.length === 0
    ? {}
    : { denied: body('FORBIDDEN', 'Requests from this address are refused') }),
  ...(ipSets.ci.length === 0
    ? {}
    : { notForCi: body('FORBIDDEN', 'This address may not use the CI lane') }),
});

export type ResponseKey =
  'tooLarge' | `tooMany${'' | 'Open' | 'OfCredential'}` | 'denied' | 'notForCi';

const answer = (
  responseCode: number,
  customResponseBodyKey: ResponseKey,
  responseHeaders?: CfnWebACL.CustomHTTPHeaderProperty[],
): CfnWebACL.RuleActionProperty => ({
  block: {
    customResponse: {
      responseCode,
      customResponseBodyKey,
      ...(responseHeaders === undefined ? {} : { responseHeaders }),
    },
  },
});

export const refuse = (key: 'denied' | 'notForCi'): CfnWebACL.RuleActionProperty =>
  answer(gatewayErrors.FORBIDDEN.httpStatus, key);

export const refuseLarge = answer(gatewayErrors.REQUEST_TOO_LARGE.httpStatus, 'tooLarge');

export const refuseMany = (
  key: 'tooMany' | 'tooManyOpen' | 'tooManyOfCredential',
  windowSeconds: number,
): CfnWebACL.RuleActionProperty =>
  answer(gatewayErrors.THROTTLED.httpStatus, key, [
    { name: 'Retry-After', value: String(windowSeconds) },
  ]);
