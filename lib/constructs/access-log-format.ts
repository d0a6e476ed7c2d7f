import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';

/**
 * One JSON line per request, refused ones too. The request id is that of the audit record. No header is among the
 * fields: what a caller sends may be a secret sent to the wrong place.
 */
export const accessLogFormat = (envName: string): AccessLogFormat =>
  AccessLogFormat.custom(
    JSON.stringify({
      type: 'access',
      env: envName,
      requestId: '$context.requestId',
      time: '$context.requestTimeEpoch',
      ip: '$context.identity.sourceIp',
      method: '$context.httpMethod',
      route: '$context.resourcePath',
      status: '$context.status',
      tenant: '$context.authorizer.tenant',
      subject: '$context.authorizer.subject',
      plan: '$context.authorizer.plan',
      usageKeyId: '$context.identity.apiKeyId',
      refusal: '$context.error.responseType',
      authorizerStatus: '$context.authorizer.status',
      authorizerMs: '$context.authorizer.latency',
      integrationStatus: '$context.integration.status',
      integrationMs: '$context.integration.latency',
      ms: '$context.responseLatency',
      responseBytes: '$context.responseLength',
      wafStatus: '$context.waf.status',
      traceId: '$context.xrayTraceId',
    }),
  );
