import * as z from 'zod';
import type { SynthesizedStack } from './synth.ts';

const text = z.string();
const parts = z.array(z.unknown());

/** An intrinsic as text, for reading: references become `{LogicalId}`, attributes `{LogicalId.Attribute}`. */
export const readable = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value);
  const [[name, argument]] = Object.entries(value) as [[string, unknown]];
  switch (name) {
    case 'Ref':
      return `{${text.parse(argument)}}`;
    case 'Fn::GetAtt':
      return `{${z.array(text).parse(argument).join('.')}}`;
    case 'Fn::ImportValue':
      return `{${text.parse(argument)}}`;
    case 'Fn::GetStackOutput': {
      const { StackName, OutputName } = z
        .looseObject({ StackName: text, OutputName: text })
        .parse(argument);
      return `{${StackName}:${OutputName}}`;
    }
    case 'Fn::Join': {
      const [separator, items] = z.tuple([text, parts]).parse(argument);
      return items.map(readable).join(separator);
    }
    case 'Fn::Select': {
      const [index, { 'Fn::Split': split }] = z
        .tuple([z.coerce.number(), z.object({ 'Fn::Split': z.tuple([text, z.unknown()]) })])
        .parse(argument);
      return readable(split[1]).split(split[0])[index] ?? '';
    }
    default:
      throw new Error(`${name} is not readable`);
  }
};

export interface Route {
  readonly route: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Every method of the API with its path, sorted. */
export const routesOf = (stack: SynthesizedStack): readonly Route[] => {
  const pathOf = (id: unknown): string => {
    const found = stack.resources[readable(id).slice(1, -1)];
    if (found?.Type !== 'AWS::ApiGateway::Resource') return '';
    return `${pathOf(found.Properties['ParentId'])}/${text.parse(found.Properties['PathPart'])}`;
  };
  return stack
    .ofType('AWS::ApiGateway::Method')
    .map(({ Properties }) => ({
      route: `${text.parse(Properties['HttpMethod'])} ${pathOf(Properties['ResourceId']) || '/'}`,
      properties: Properties,
    }))
    .toSorted((a, b) => (a.route < b.route ? -1 : 1));
};

const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (Array.isArray(value) ? value : [value]));

const policyDocument = z.object({
  Statement: z.array(
    z.strictObject({
      Sid: z.string().optional(),
      Effect: z.string(),
      Action: oneOrMore,
      Resource: z.unknown(),
      Condition: z.unknown().optional(),
    }),
  ),
});

export interface Grant {
  readonly effect: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
}

/** Every statement of a policy document; one with `NotAction` or `NotResource` is refused. */
export const grantsIn = (document: unknown): readonly Grant[] =>
  policyDocument.parse(document).Statement.map(({ Effect, Action, Resource }) => ({
    effect: Effect,
    actions: Action,
    resources: (Array.isArray(Resource) ? Resource : [Resource]).map(readable),
  }));

/** What the policies attached to a role allow. */
export const grantsOf = (stack: SynthesizedStack, roleId: string): readonly Grant[] =>
  stack
    .ofType('AWS::IAM::Policy')
    .filter(({ Properties }) =>
      z.array(z.unknown()).parse(Properties['Roles']).map(readable).includes(`{${roleId}}`),
    )
    .flatMap(({ Properties }) => grantsIn(Properties['PolicyDocument']));
