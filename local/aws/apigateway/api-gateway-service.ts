import {
  ApiKeyError,
  type ApiKeyErrorName,
  type ApiKeyService,
} from '../../usage/api-key-service.ts';
import { AwsError, notImplemented } from '../aws-error.ts';
import type { AwsCall, AwsReply, AwsService } from '../aws-service.ts';
import { API_KEY_ROUTES } from './api-key-routes.ts';
import { refuseUnknownQuery } from './route.ts';
import { USAGE_PLAN_ROUTES } from './usage-plan-routes.ts';

/** The operations as @aws-sdk/client-api-gateway sends them. */
const ROUTES = [...API_KEY_ROUTES, ...USAGE_PLAN_ROUTES];

const STATUS: Readonly<Record<ApiKeyErrorName, number>> = {
  NotFoundException: 404,
  ConflictException: 409,
  BadRequestException: 400,
};

/** API Gateway's control plane, for API keys and usage plans. IAM sees it as `apigateway:<method>` on the path. */
export class ApiGatewayService implements AwsService {
  readonly signingName = 'apigateway';
  readonly #region: string;
  readonly #apiKeys: ApiKeyService;

  constructor(region: string, apiKeys: ApiKeyService) {
    this.#region = region;
    this.#apiKeys = apiKeys;
  }

  async handle(call: AwsCall): Promise<AwsReply> {
    const path = call.path;
    const query = new URLSearchParams(call.query);
    const route = ROUTES.find(
      ({ method, pattern }) => method === call.method && pattern.test(path),
    );
    if (route === undefined) throw notImplemented(`apigateway: ${call.method} ${path}`);
    refuseUnknownQuery(route, path, query);
    const ids = (route.pattern.exec(path) ?? []).slice(1).map(decodeURIComponent);
    await call.authorize(
      `apigateway:${call.method}`,
      `arn:aws:apigateway:${this.#region}::${path}`,
    );
    try {
      const document = route.answer(this.#apiKeys, { ids, query, call });
      return {
        status: route.status,
        headers: { 'content-type': 'application/json' },
        body: document === undefined ? '' : JSON.stringify(document),
      };
    } catch (error) {
      if (error instanceof AwsError && error.code === 'ValidationException') {
        throw new AwsError('BadRequestException', error.message, 400, { cause: error });
      }
      if (!(error instanceof ApiKeyError)) throw error;
      throw new AwsError(error.name, error.message, STATUS[error.name], { cause: error });
    }
  }
}
