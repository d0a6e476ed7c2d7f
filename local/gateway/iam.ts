import type { Failure } from './failures.ts';

/** `requestContext.identity` of a caller who signed with Signature Version 4. */
export interface IamIdentity {
  readonly accessKey: string;
  readonly accountId: string;
  readonly caller: string;
  readonly user: string;
  readonly userArn: string;
  readonly principalOrgId?: string;
}

/** A request to an AWS_IAM method. Path, query and header names are as sent. */
export interface IamRequest {
  readonly method: string;
  readonly path: string;
  readonly queryString: string;
  /** Name, value, name, value, … */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** `arn:aws:execute-api:…`: what `execute-api:Invoke` must be allowed on. */
  readonly methodArn: string;
}

export type IamVerdict =
  | { readonly kind: 'allowed'; readonly identity: IamIdentity }
  | {
      readonly kind: 'refused';
      readonly type:
        'ACCESS_DENIED' | 'EXPIRED_TOKEN' | 'INVALID_SIGNATURE' | 'MISSING_AUTHENTICATION_TOKEN';
      readonly message?: NonNullable<Failure['message']>;
    };

/** Verifies the signature and the caller's permission to invoke the method. */
export type VerifyIam = (request: IamRequest) => Promise<IamVerdict> | IamVerdict;
