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
import { parameterArn, templateParameters, type Parameter } from './parameters.ts';

const getParameter = z.strictObject({
  Name: z.string().min(1),
  WithDecryption: z.boolean().optional(),
});
const getParameters = z.strictObject({
  Names: z.array(z.string().min(1)).min(1).max(10),
  WithDecryption: z.boolean().optional(),
});

/** SSM Parameter Store, read-only: the parameters of the template. */
export class SsmService implements AwsService {
  readonly signingName = 'ssm';
  readonly #deployment: Deployment;
  readonly #parameters: ReadonlyMap<string, Parameter>;

  constructor(deployment: Deployment, nowSeconds: number) {
    this.#deployment = deployment;
    this.#parameters = templateParameters(deployment, nowSeconds);
  }

  async handle(call: AwsCall): Promise<AwsReply> {
    const operation = targetOperation(call, 'AmazonSSM', 'ssm');
    switch (operation) {
      case 'GetParameter':
        return jsonReply(await this.#getParameter(call), '1.1');
      case 'GetParameters':
        return jsonReply(await this.#getParameters(call), '1.1');
      default:
        throw notImplemented(`ssm:${operation}`);
    }
  }

  async #getParameter(call: AwsCall): Promise<unknown> {
    const { Name } = parseInput(getParameter, parseDocument(call.body), 'ssm:GetParameter');
    const name = this.#nameOf(Name);
    await call.authorize('ssm:GetParameter', parameterArn(this.#deployment, name));
    const parameter = this.#parameters.get(name);
    if (parameter === undefined) throw new AwsError('ParameterNotFound', `No parameter ${name}.`);
    return { Parameter: parameter };
  }

  async #getParameters(call: AwsCall): Promise<unknown> {
    const { Names } = parseInput(getParameters, parseDocument(call.body), 'ssm:GetParameters');
    const names = Names.map((reference) => this.#nameOf(reference));
    for (const name of names) {
      await call.authorize('ssm:GetParameters', parameterArn(this.#deployment, name));
    }
    return {
      Parameters: names.flatMap((name) => this.#parameters.get(name) ?? []),
      InvalidParameters: Names.filter((_, index) => !this.#parameters.has(names[index] ?? '')),
    };
  }

  /** A name, or the name within an ARN, which does not tell `/a` from `a`. Versions and labels are refused. */
  #nameOf(reference: string): string {
    const fromArn = /^arn:aws:ssm:[^:]*:\d+:parameter(\/.+)$/.exec(reference)?.[1];
    const name = fromArn ?? reference;
    if (name.includes(':')) {
      throw notImplemented(`ssm: parameter versions and labels (${reference})`);
    }
    return fromArn !== undefined && !this.#parameters.has(name) ? name.slice(1) : name;
  }
}
