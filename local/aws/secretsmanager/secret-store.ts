import { hash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { JsonFile } from '../../state/json-file.ts';
import type { DeployedResource, Deployment } from '../../template/deployment.ts';
import { generateSecret, generateSecretString } from './generate-secret.ts';

const version = z.object({
  secretString: z.string(),
  /** Unix seconds. */
  createdDate: z.number(),
  stages: z.array(z.string()),
});
const secret = z.object({
  name: z.string(),
  /** Of the template's words about the value: when they change, CloudFormation writes a new version, and so do we. */
  templateDigest: z.string(),
  createdDate: z.number(),
  versions: z.record(z.string(), version),
});
const secretsFile = z.object({ secrets: z.record(z.string(), secret) });

export type SecretVersion = z.infer<typeof version>;
export type Secret = z.infer<typeof secret>;

const secretProperties = z.object({
  Name: z.string().optional(),
  SecretString: z.string().optional(),
  GenerateSecretString: generateSecretString.optional(),
});

export const CURRENT = 'AWSCURRENT';
export const PREVIOUS = 'AWSPREVIOUS';

/** `arn:…:secret:<name>-<six characters>` */
const nameInArn = (arn: string): string => arn.replace(/^.*:secret:/, '').replace(/-[^-]{6}$/, '');

/** The secrets of the template and their versions, in `<stateDir>/secrets.json`, mode 0600. */
export class SecretStore {
  readonly #file: JsonFile<typeof secretsFile>;
  readonly #nowSeconds: () => number;

  /** @throws Error naming a secret whose value the template asks for in a way that the twin does not know. */
  constructor(deployment: Deployment, stateDir: string, nowSeconds: () => number) {
    this.#nowSeconds = nowSeconds;
    this.#file = new JsonFile(join(stateDir, 'secrets.json'), secretsFile, { secrets: {} });
    for (const resource of deployment.ofType('AWS::SecretsManager::Secret')) this.#ensure(resource);
  }

  /** By ARN, by ARN without its suffix, or by name. */
  find(secretId: string): { readonly arn: string; readonly secret: Secret } | undefined {
    for (const [arn, secret] of Object.entries(this.#file.value.secrets)) {
      if (secretId === arn || secretId === secret.name || secretId === arn.slice(0, -7)) {
        return { arn, secret };
      }
    }
    return undefined;
  }

  /** Adds a version, or moves the stages to it. AWSCURRENT leaves AWSPREVIOUS behind; a version without a stage goes. */
  put(arn: string, versionId: string, secretString: string, stages: readonly string[]): Secret {
    const { secrets } = this.#file.value;
    const secret = secrets[arn];
    if (secret === undefined) throw new Error(`No secret has the ARN ${arn}.`);
    const moved = new Set(stages);
    const current = Object.entries(secret.versions).find(([, v]) =>
      v.stages.includes(CURRENT),
    )?.[0];
    const leavesPrevious = moved.has(CURRENT) && current !== undefined && current !== versionId;
    if (leavesPrevious) moved.add(PREVIOUS);
    const versions: Record<string, SecretVersion> = {};
    for (const [id, old] of Object.entries(secret.versions)) {
      const kept = old.stages.filter((stage) => !moved.has(stage));
      if (leavesPrevious && id === current) kept.push(PREVIOUS);
      if (kept.length > 0 && id !== versionId) versions[id] = { ...old, stages: kept };
    }
    versions[versionId] = { secretString, createdDate: this.#nowSeconds(), stages: [...stages] };
    const changed = { ...secret, versions };
    this.#file.save({ secrets: { ...secrets, [arn]: changed } });
    return changed;
  }

  #ensure(resource: DeployedResource): void {
    const parsed = secretProperties.safeParse(resource.properties);
    if (!parsed.success) {
      throw new Error(`${resource.displayName}: ${z.prettifyError(parsed.error)}`);
    }
    const { Name, SecretString, GenerateSecretString: rules } = parsed.data;
    const templateDigest = hash('sha256', JSON.stringify([SecretString, rules]), 'hex');
    const known = this.#file.value.secrets[resource.arn];
    if (known?.templateDigest === templateDigest) return;
    const value = rules === undefined ? SecretString : generateSecret(rules);
    const described: Secret = {
      name: Name ?? nameInArn(resource.arn),
      createdDate: known?.createdDate ?? this.#nowSeconds(),
      versions: known?.versions ?? {},
      templateDigest,
    };
    this.#file.save({ secrets: { ...this.#file.value.secrets, [resource.arn]: described } });
    if (value !== undefined) this.put(resource.arn, randomUUID(), value, [CURRENT]);
  }
}
