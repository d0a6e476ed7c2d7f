import * as z from 'zod';

const resourceShape = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
});

/** As much of a CloudFormation template as has a price. */
export const templateShape = z.looseObject({
  Resources: z.record(z.string(), resourceShape),
  Outputs: z.record(z.string(), z.looseObject({ Value: z.unknown() })).default({}),
});
export type Template = z.infer<typeof templateShape>;

/** One stack of an environment. */
export const stackShape = z.object({
  name: z.string().min(1),
  /** `unknown-region` where the stack takes that of the shell. */
  region: z.string().min(1),
  template: templateShape,
});
export type StackTemplate = z.infer<typeof stackShape>;

export interface Resource {
  readonly stack: string;
  readonly id: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

const exportOf = z.looseObject({ Export: z.looseObject({ Name: z.string() }) });

/** The resources of all stacks of one environment, and what they refer to. */
export class Templates {
  readonly resources: readonly Resource[];
  readonly #byName: ReadonlyMap<string, Resource>;
  readonly #exports: ReadonlyMap<string, { readonly stack: string; readonly value: unknown }>;

  constructor(stacks: readonly StackTemplate[]) {
    this.resources = stacks.flatMap(({ name, template }) =>
      Object.entries(template.Resources).map(([id, { Type, Properties }]) => ({
        stack: name,
        id,
        type: Type,
        properties: Properties,
      })),
    );
    this.#byName = new Map(
      this.resources.map((resource) => [`${resource.stack}/${resource.id}`, resource]),
    );
    this.#exports = new Map(
      stacks.flatMap(({ name, template }) =>
        Object.values(template.Outputs).flatMap((output) => {
          const exported = exportOf.safeParse(output);
          if (!exported.success) return [];
          return [[exported.data.Export.Name, { stack: name, value: output.Value }] as const];
        }),
      ),
    );
  }

  ofType(...types: readonly string[]): readonly Resource[] {
    return this.resources.filter(({ type }) => types.includes(type));
  }

  /** The resources that a value of a stack refers to, across stacks too, each once. */
  referredTo(stack: string, value: unknown): readonly Resource[] {
    return [...new Set(this.#references(stack, value))];
  }

  #references(stack: string, value: unknown): readonly Resource[] {
    if (Array.isArray(value)) return value.flatMap((each) => this.#references(stack, each));
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, argument]: [string, unknown]) => {
      if (name === 'Ref') return this.#named(stack, argument);
      if (name === 'Fn::GetAtt') {
        const [id] = Array.isArray(argument)
          ? (argument as unknown[])
          : String(argument).split('.');
        return this.#named(stack, id);
      }
      if (name === 'Fn::ImportValue') {
        const exported = typeof argument === 'string' ? this.#exports.get(argument) : undefined;
        return exported === undefined ? [] : this.#references(exported.stack, exported.value);
      }
      return this.#references(stack, argument);
    });
  }

  #named(stack: string, id: unknown): readonly Resource[] {
    const found = typeof id === 'string' ? this.#byName.get(`${stack}/${id}`) : undefined;
    return found === undefined ? [] : [found];
  }
}
