import { randomUUID } from 'node:crypto';
import { notImplemented } from '../aws-error.ts';
import type { AwsCall, AwsReply, AwsService } from '../aws-service.ts';

/** STS's one question that needs no permission: who am I? */
export class StsService implements AwsService {
  readonly signingName = 'sts';
  readonly #accountId: string;

  constructor(accountId: string) {
    this.#accountId = accountId;
  }

  async handle(call: AwsCall): Promise<AwsReply> {
    const action = new URLSearchParams(call.body.toString()).get('Action');
    if (action !== 'GetCallerIdentity') throw notImplemented(`sts:${action ?? call.path}`);
    const { principal } = call;
    const userId = principal.principalArn.split('/').slice(1).join(':');
    return {
      status: 200,
      headers: { 'content-type': 'text/xml' },
      body:
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
        `<Arn>${principal.principalArn}</Arn><UserId>${userId}</UserId><Account>${this.#accountId}</Account>` +
        `</GetCallerIdentityResult><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>` +
        '</GetCallerIdentityResponse>',
    };
  }
}
