import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import type { DeployedResource, Deployment } from './deployment.ts';
import { resolveIntrinsics, type References } from './intrinsics.ts';
import { resourceTypes, type ResourceValues } from './resource-types.ts';

const manifest = z.looseObject({
  artifacts: z.record(
    z.string(),
    z.looseObject({
      type: z.string(),
      environment: z.string().optional(),
      displayName: z.string().optional(),
      properties: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});

const template = z.looseObject({
  Resources: z
    .record(
      z.string(),
      z.looseObject({
        Type: z.string(),
        Properties: z.record(z.string(), z.unknown()).default({}),
        Condition: z.string().optional(),
        Metadata: z.record(z.string(), z.unknown()).optional(),
        UpdatePolicy: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .default({}),
  Outputs: z
    .record(
      z.string(),
      z.looseObject({
        Value: z.unknown(),
        Export: z.looseObject({ Name: z.unknown() }).optional(),
      }),
    )
    .default({}),
});

const assets = z.looseObject({
  files: z
    .record(
      z.string(),
      z.looseObject({
        source: z.looseObject({ path: z.string().optional(), packaging: z.string() }),
        destinations: z.record(z.string(), z.looseObject({ objectKey: z.string() })),
      }),
    )
    .default({}),
});

interface Stack {
  readonly name: string;
  readonly directory: string;
  readonly template: z.infer<typeof template>;
  readonly assetsFile: string | undefined;
}

const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

const stacksIn = (directory: string): readonly Stack[] =>
  Object.entries(manifest.parse(readJson(join(directory, 'manifest.json'))).artifacts).flatMap(
    ([id, artifact]) => {
      const { type, properties = {} } = artifact;
      if (type === 'cdk:cloud-assembly') {
        return stacksIn(join(directory, z.string().parse(properties['directoryName'])));
      }
      if (type !== 'aws:cloudformation:stack') return [];
      const file = join(directory, z.string().parse(properties['templateFile']));
      const assetsFile = file.replace(/\.template\.json$/u, '.assets.json');
      return [
        {
          name: z.string().catch(id).parse(properties['stackName']),
          directory,
          template: template.parse(readJson(file)),
          assetsFile: existsSync(assetsFile) ? assetsFile : undefined,
        },
      ];
    },
  );

/** CDK's file assets as `object key → directory or file`. */
const assetsOf = ({ assetsFile }: Stack): readonly (readonly [string, string])[] =>
  assetsFile === undefined
    ? []
    : Object.values(assets.parse(readJson(assetsFile)).files).flatMap(({ source, destinations }) =>
        source.path === undefined
          ? []
          : Object.values(destinations).map(
              ({ objectKey }) => [objectKey, join(dirname(assetsFile), source.path ?? '')] as const,
            ),
      );

export interface LoadOptions {
  readonly accountId: string;
  readonly region: string;
  /**
   * Texts that every resolved string of the properties has replaced, e.g. a URL of AWS by the twin's own. Where one
   * text is a part of another the longer one is replaced. @default none
   */
  readonly addressBook?: readonly (readonly [text: string, replacement: string])[];
}

/** The properties that a resource's `Ref` may be: only they are resolved before the resource is described. */
const isNaming = (property: string): boolean =>
  property.endsWith('Name') || property === 'Domain' || property === 'Identifier';

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/gu, '\\$&');

/** Replaces in one pass, so that no replacement is itself replaced. */
const readdresser = (
  addressBook: NonNullable<LoadOptions['addressBook']>,
): ((value: unknown) => unknown) => {
  const replacements = new Map(addressBook);
  if (replacements.size === 0) return (value) => value;
  const longestFirst = [...replacements.keys()].sort((a, b) => b.length - a.length);
  const anyText = new RegExp(longestFirst.map(escaped).join('|'), 'gu');
  const readdress = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.replace(anyText, (found) => replacements.get(found) ?? found);
    }
    if (Array.isArray(value)) return value.map(readdress);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readdress(item)]));
  };
  return readdress;
};

interface Entry {
  readonly stack: Stack;
  readonly logicalId: string;
  readonly type: string;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly updatePolicy: Readonly<Record<string, unknown>> | undefined;
  readonly displayName: string;
}

/**
 * Reads a synthesized application with every stack in it.
 * @throws Error that names each resource type and function that the twin does not implement.
 */
export const loadDeployment = (
  directory: string,
  { accountId, region, addressBook = [] }: LoadOptions,
): Deployment => {
  const stacks = stacksIn(directory);
  const entries = stacks.flatMap((stack) =>
    Object.entries(stack.template.Resources).map(
      ([logicalId, { Type, Properties, Metadata, UpdatePolicy }]): Entry => ({
        stack,
        logicalId,
        type: Type,
        raw: Properties,
        updatePolicy: UpdatePolicy,
        displayName: z
          .string()
          .catch(`${stack.name}/${logicalId}`)
          .parse(Metadata?.['aws:cdk:path']),
      }),
    ),
  );
  const unknown = entries.filter(({ type }) => resourceTypes[type] === undefined);
  if (unknown.length > 0) {
    const names = unknown.map(({ type, displayName }) => `${type} (${displayName})`);
    throw new Error(`The twin does not run these resources of the template: ${names.join(', ')}`);
  }

  const byId = new Map(entries.map((entry) => [`${entry.stack.name}/${entry.logicalId}`, entry]));
  const values = new Map<Entry, ResourceValues>();

  const referencesOf = (stack: Stack): References => {
    const find = (logicalId: string): ResourceValues => {
      const entry = byId.get(`${stack.name}/${logicalId}`);
      if (entry === undefined) throw new Error(`${stack.name} has no resource ${logicalId}`);
      return valuesOf(entry);
    };
    const pseudo: Readonly<Record<string, string>> = {
      'AWS::AccountId': accountId,
      'AWS::Region': region,
      'AWS::Partition': 'aws',
      'AWS::URLSuffix': 'amazonaws.com',
      'AWS::StackName': stack.name,
      'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${stack.name}/twin`,
    };
    return {
      ref: (logicalId) => pseudo[logicalId] ?? find(logicalId).ref,
      getAtt: (logicalId, attribute) => {
        const value = find(logicalId).attributes[attribute];
        if (value !== undefined) return value;
        throw new Error(`the twin does not know ${attribute} of ${stack.name}/${logicalId}`);
      },
      importValue: (name) => exported(name),
      stackOutput: (stackName, outputName) => output(stackName, outputName),
    };
  };

  const resolve = (stack: Stack, value: unknown): unknown =>
    resolveIntrinsics(value, referencesOf(stack));

  const valuesOf = (entry: Entry): ResourceValues => {
    const known = values.get(entry);
    if (known !== undefined) return known;
    const { stack, logicalId, type, raw } = entry;
    const describe = resourceTypes[type];
    if (describe === undefined) throw new Error(`the twin does not run ${type}`);
    // Names may be made of references, but never of the resource's own: only they are resolved here.
    const names = Object.fromEntries(
      Object.entries(raw)
        .filter(([key]) => isNaming(key))
        .map(([key, value]) => [key, resolve(stack, value)]),
    );
    const described = describe({
      accountId,
      region,
      stack: stack.name,
      logicalId,
      properties: names,
    });
    values.set(entry, described);
    return described;
  };

  const exported = (name: string): unknown => {
    for (const stack of stacks) {
      for (const { Value, Export } of Object.values(stack.template.Outputs)) {
        if (Export !== undefined && resolve(stack, Export.Name) === name) {
          return resolve(stack, Value);
        }
      }
    }
    throw new Error(`no stack exports ${name}`);
  };

  const output = (stackName: string, outputName: string): unknown => {
    const producer = stacks.find(({ name }) => name === stackName);
    const found = producer?.template.Outputs[outputName];
    if (producer === undefined || found === undefined) {
      throw new Error(`no stack ${stackName} has an output ${outputName}`);
    }
    return resolve(producer, found.Value);
  };

  const readdress = readdresser(addressBook);
  const resources = entries.map((entry): DeployedResource => {
    const { ref, arn } = valuesOf(entry);
    const { stack, logicalId, type, displayName, raw, updatePolicy } = entry;
    try {
      const properties = readdress(resolve(stack, raw)) as Record<string, unknown>;
      return {
        ...{ stack: stack.name, logicalId, displayName, type, physicalId: ref, arn, properties },
        ...(updatePolicy === undefined
          ? {}
          : { updatePolicy: resolve(stack, updatePolicy) as Record<string, unknown> }),
      };
    } catch (cause) {
      throw new Error(`${displayName}: ${(cause as Error).message}`, { cause });
    }
  });
  const assetDirectories = new Map(stacks.flatMap(assetsOf));

  return {
    accountId,
    region,
    resources,
    ofType: (type) => resources.filter((resource) => resource.type === type),
    byPhysicalId: (type, physicalId) => {
      const found = resources.find((item) => item.type === type && item.physicalId === physicalId);
      if (found === undefined) throw new Error(`the template has no ${type} ${physicalId}`);
      return found;
    },
    assetDirectory: (s3Key) => {
      const path = assetDirectories.get(s3Key);
      if (path === undefined) throw new Error(`the template has no asset ${s3Key}`);
      return path;
    },
  };
};
