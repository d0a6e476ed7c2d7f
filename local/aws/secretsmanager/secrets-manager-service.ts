import * as z from 'zod';
import type { Deployment } from '../../template/deployment.ts';
import { AwsError, notImplemented } from '../aws-error.ts';
import {
  jsonReply,
  parseDocument,
  parseInput,
  targetOperation,
  type AwsCall,
  type AwsReply,
  type AwsService,
} from '../aws-service.ts';
import { CURRENT, type Secret, type SecretStore } from './secret-store.ts';

const secretId = z.string().min(1).max(2048);
const getSecretValue = z.strictObject({
  SecretId: secretId,
  VersionId: z.string().optional(),
  VersionStage: z.string().optional(),
});
const putSecretValue = z.strictObject({
  SecretId: secretId,
  ClientRequestToken: z.string().min(32).max(64),
  SecretString: z.string().min(1).max(65_536),
  VersionStages: z.array(z.string().min(1)).min(1).max(20).optional(),
});
const describeSecret = z.strictObject({ SecretId: secretId });

const notFound = (): AwsError =>
  new AwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");

/** Secrets Manager over the template's secrets. */
export class SecretsManagerService implements AwsService {
  readonly signingName = 'secretsmanager';
  readonly #deployment: Deployment;
  readonly #store: SecretStore;

  constructor(deployment: Deployment, store: SecretStore) {
    this.#deployment = deployment;
    this.#store = store;
  }

  async handle(call: AwsCall): Promise<AwsReply> {
    const operation = targetOperation(call, 'secretsmanager', 'secretsmanager');
    switch (operation) {
      case 'GetSecretValue':
        return jsonReply(await this.#getSecretValue(call), '1.1');
      case 'PutSecretValue':
        return jsonReply(await this.#putSecretValue(call), '1.1');
      case 'DescribeSecret':
        return jsonReply(await this.#describeSecret(call), '1.1');
      default:
        throw notImplemented(`secretsmanager:${operation}`);
    }
  }

  async #getSecretValue(call: AwsCall): Promise<unknown> {
    const operation = 'secretsmanager:GetSecretValue';
    const input = parseInput(getSecretValue, parseDocument(call.body), operation);
    const { arn, secret } = await this.#authorized(call, operation, input.SecretId);
    const stage = input.VersionStage ?? (input.VersionId === undefined ? CURRENT : undefined);
    const found = Object.entries(secret.versions).find(
      ([id, { stages }]) =>
        (input.VersionId === undefined || id === input.VersionId) &&
        (stage === undefined || stages.includes(stage)),
    );
    if (found === undefined) {
      const wanted = input.VersionId === undefined ? `staging label: ${stage}` : input.VersionId;
      throw new AwsError(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret value for ${wanted}`,
      );
    }
    const [VersionId, { secretString, stages, createdDate }] = found;
    return {
      ARN: arn,
      Name: secret.name,
      VersionId,
      SecretString: secretString,
      VersionStages: stages,
      CreatedDate: createdDate,
    };
  }

  async #putSecretValue(call: AwsCall): Promise<unknown> {
    const operation = 'secretsmanager:PutSecretValue';
    const input = parseInput(putSecretValue, parseDocument(call.body), operation);
    const { arn, secret } = await this.#authorized(call, operation, input.SecretId);
    const versionId = input.ClientRequestToken;
    const repeated = secret.versions[versionId];
    if (repeated !== undefined && repeated.secretString !== input.SecretString) {
      throw new AwsError(
        'ResourceExistsException',
        `You can't use ClientRequestToken ${versionId} because that value is already in use for a version of secret ${arn}.`,
      );
    }
    if (repeated === undefined) {
      this.#store.put(arn, versionId, input.SecretString, input.VersionStages ?? [CURRENT]);
    }
    const { stages } = this.#store.find(arn)?.secret.versions[versionId] ?? { stages: [] };
    return { ARN: arn, Name: secret.name, VersionId: versionId, VersionStages: stages };
  }

  async #describeSecret(call: AwsCall): Promise<unknown> {
    const operation = 'secretsmanager:DescribeSecret';
    const input = parseInput(describeSecret, parseDocument(call.body), operation);
    const { arn, secret } = await this.#authorized(call, operation, input.SecretId);
    const versions = Object.entries(secret.versions);
    return {
      ARN: arn,
      Name: secret.name,
      CreatedDate: secret.createdDate,
      LastChangedDate: Math.max(
        secret.createdDate,
        ...versions.map(([, { createdDate }]) => createdDate),
      ),
      VersionIdsToStages: Object.fromEntries(versions.map(([id, { stages }]) => [id, stages])),
    };
  }

  /** IAM decides before existence is told. */
  async #authorized(
    call: AwsCall,
    action: string,
    id: string,
  ): Promise<{ readonly arn: string; readonly secret: Secret }> {
    const found = this.#store.find(id);
    const { region, accountId } = this.#deployment;
    const named = id.startsWith('arn:')
      ? id
      : `arn:aws:secretsmanager:${region}:${accountId}:secret:${id}`;
    await call.authorize(action, found?.arn ?? named);
    if (found === undefined) throw notFound();
    return found;
  }
}
