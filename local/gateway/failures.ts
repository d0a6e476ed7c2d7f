interface DefaultResponse {
  readonly status: number;
  /** `$context.error.message`; null where API Gateway sends none. */
  readonly message: string | null;
  /** `x-amzn-ErrorType`. */
  readonly errorType: string;
}

/**
 * Gateway response types with their default status and message ("Gateway response types for API Gateway"). Messages
 * and error types as seen on the wire; API Gateway does not document them.
 */
export const gatewayResponseTypes = {
  ACCESS_DENIED: {
    status: 403,
    message: 'User is not authorized to access this resource',
    errorType: 'AccessDeniedException',
  },
  API_CONFIGURATION_ERROR: {
    status: 500,
    message: 'Internal server error',
    errorType: 'InternalServerErrorException',
  },
  AUTHORIZER_CONFIGURATION_ERROR: {
    status: 500,
    message: null,
    errorType: 'AuthorizerConfigurationException',
  },
  AUTHORIZER_FAILURE: { status: 500, message: null, errorType: 'AuthorizerFailureException' },
  BAD_REQUEST_BODY: {
    status: 400,
    message: 'Invalid request body',
    errorType: 'BadRequestException',
  },
  BAD_REQUEST_PARAMETERS: {
    status: 400,
    message: 'Bad Request',
    errorType: 'BadRequestException',
  },
  EXPIRED_TOKEN: {
    status: 403,
    message: 'The security token included in the request is expired',
    errorType: 'ExpiredTokenException',
  },
  INTEGRATION_FAILURE: {
    status: 504,
    message: 'Internal server error',
    errorType: 'InternalServerErrorException',
  },
  INTEGRATION_TIMEOUT: {
    status: 504,
    message: 'Endpoint request timed out',
    errorType: 'InternalServerErrorException',
  },
  INVALID_API_KEY: { status: 403, message: 'Forbidden', errorType: 'ForbiddenException' },
  INVALID_SIGNATURE: {
    status: 403,
    message:
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
    errorType: 'InvalidSignatureException',
  },
  MISSING_AUTHENTICATION_TOKEN: {
    status: 403,
    message: 'Missing Authentication Token',
    errorType: 'MissingAuthenticationTokenException',
  },
  QUOTA_EXCEEDED: { status: 429, message: 'Limit Exceeded', errorType: 'LimitExceededException' },
  REQUEST_TOO_LARGE: {
    status: 413,
    message: 'Request Too Long',
    errorType: 'RequestTooLargeException',
  },
  RESOURCE_NOT_FOUND: {
    status: 404,
    message: 'Not Found',
    errorType: 'ResourceNotFoundException',
  },
  THROTTLED: {
    status: 429,
    message: 'Too Many Requests',
    errorType: 'TooManyRequestsException',
  },
  UNAUTHORIZED: { status: 401, message: 'Unauthorized', errorType: 'UnauthorizedException' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    message: 'Unsupported Media Type',
    errorType: 'BadRequestException',
  },
  WAF_FILTERED: { status: 403, message: 'Forbidden', errorType: 'ForbiddenException' },
  DEFAULT_4XX: { status: 400, message: 'Bad Request', errorType: 'BadRequestException' },
  DEFAULT_5XX: {
    status: 500,
    message: 'Internal server error',
    errorType: 'InternalServerErrorException',
  },
} as const satisfies Record<string, DefaultResponse>;

export type GatewayResponseType = keyof typeof gatewayResponseTypes;

/** Why API Gateway answers by itself. What is absent comes from the type's defaults. */
export interface Failure {
  readonly type: GatewayResponseType;
  readonly status?: number;
  readonly message?: string | null;
  /** For the execution log: what really happened. Never sent. */
  readonly cause?: string;
}

/** @throws Error for a name that is no gateway response type. */
export const asGatewayResponseType = (name: string): GatewayResponseType => {
  if (Object.hasOwn(gatewayResponseTypes, name)) return name as GatewayResponseType;
  throw new Error(`The twin does not know the gateway response type ${name}.`);
};
