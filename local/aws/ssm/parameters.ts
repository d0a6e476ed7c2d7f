import * as z from 'zod';
import type { Deployment } from '../../template/deployment.ts';

const parameterProperties = z.object({
  Type: z.enum(['String', 'StringList']),
  Value: z.string(),
  DataType: z.string().optional(),
});

/** A parameter as SSM's wire shows it. */
export interface Parameter {
  readonly Name: string;
  readonly Type: 'String' | 'StringList';
  readonly Value: string;
  readonly Version: number;
  /** Unix seconds. */
  readonly LastModifiedDate: number;
  readonly ARN: string;
  readonly DataType: string;
}

/** `/a/b` is `parameter/a/b` in an ARN, and so is `a/b`. */
export const parameterArn = (
  { region, accountId }: Pick<Deployment, 'region' | 'accountId'>,
  name: string,
): string => `arn:aws:ssm:${region}:${accountId}:parameter/${name.replace(/^\//, '')}`;

/** The AWS::SSM::Parameter resources by name. Their version is 1: the template is the only writer. */
export const templateParameters = (
  deployment: Deployment,
  nowSeconds: number,
): ReadonlyMap<string, Parameter> =>
  new Map(
    deployment.ofType('AWS::SSM::Parameter').map((resource) => {
      const parsed = parameterProperties.safeParse(resource.properties);
      if (!parsed.success) {
        throw new Error(`${resource.displayName}: ${z.prettifyError(parsed.error)}`);
      }
      const parameter: Parameter = {
        Name: resource.physicalId,
        Type: parsed.data.Type,
        Value: parsed.data.Value,
        Version: 1,
        LastModifiedDate: nowSeconds,
        ARN: parameterArn(deployment, resource.physicalId),
        DataType: parsed.data.DataType ?? 'text',
      };
      return [parameter.Name, parameter];
    }),
  );
