/** Where the values of a template's references come from. */
export interface References {
  /** @throws Error that names what is unknown. */
  ref(logicalId: string): unknown;
  getAtt(logicalId: string, attribute: string): unknown;
  importValue(name: string): unknown;
  stackOutput(stackName: string, outputName: string): unknown;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const text = (value: unknown): string => {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`expected text, found ${JSON.stringify(value)}`);
};

const list = (value: unknown): readonly unknown[] => {
  if (Array.isArray(value)) return value as readonly unknown[];
  throw new Error(`expected a list, found ${JSON.stringify(value)}`);
};

/** Stands for `AWS::NoValue`: the property that has it is left out. */
const noValue = Symbol('AWS::NoValue');

/**
 * Replaces the intrinsic functions in a part of a template by their values (AWS CloudFormation: "Intrinsic function
 * reference"). @throws Error that names a function that it does not know.
 */
export const resolveIntrinsics = (value: unknown, references: References): unknown => {
  const resolve = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(resolve).filter((item) => item !== noValue);
    if (!isObject(node)) return node;
    const [key, ...others] = Object.keys(node);
    if (key !== undefined && others.length === 0 && (key === 'Ref' || key.startsWith('Fn::'))) {
      return call(key, node[key]);
    }
    return Object.fromEntries(
      Object.entries(node)
        .map(([name, child]) => [name, resolve(child)] as const)
        .filter(([, child]) => child !== noValue),
    );
  };

  const call = (name: string, argument: unknown): unknown => {
    switch (name) {
      case 'Ref':
        return argument === 'AWS::NoValue' ? noValue : references.ref(text(argument));
      case 'Fn::GetAtt': {
        const [logicalId, ...attribute] = Array.isArray(argument)
          ? argument.map(text)
          : text(argument).split('.');
        return references.getAtt(logicalId ?? '', attribute.join('.'));
      }
      case 'Fn::ImportValue':
        return references.importValue(text(resolve(argument)));
      case 'Fn::GetStackOutput': {
        if (!isObject(argument)) throw new Error('Fn::GetStackOutput needs StackName, OutputName');
        // All stacks of the twin are in one region and one account.
        const { StackName, OutputName, Region: _, ...others } = argument;
        const [unknown] = Object.keys(others);
        if (unknown !== undefined) {
          throw new Error(`the twin does not implement ${unknown} of ${name}`);
        }
        return references.stackOutput(text(resolve(StackName)), text(OutputName));
      }
      case 'Fn::Join': {
        const [separator, items] = list(argument);
        return list(resolve(items)).map(text).join(text(separator));
      }
      case 'Fn::Split': {
        const [separator, source] = list(argument);
        return text(resolve(source)).split(text(separator));
      }
      case 'Fn::Select': {
        const [index, items] = list(argument);
        const chosen = list(resolve(items))[Number(text(resolve(index)))];
        if (chosen === undefined) throw new Error(`Fn::Select finds nothing at ${String(index)}`);
        return chosen;
      }
      case 'Fn::Sub':
        return substitute(argument);
      case 'Fn::Base64':
        return Buffer.from(text(resolve(argument))).toString('base64');
      default:
        throw new Error(`the twin does not implement ${name}`);
    }
  };

  const substitute = (argument: unknown): string => {
    const [template, variables] = Array.isArray(argument)
      ? (argument as readonly unknown[])
      : [argument, {}];
    const own = isObject(variables) ? variables : {};
    return text(template).replace(/\$\{(!?)([^}]+)\}/gu, (_, literal: string, name: string) => {
      if (literal === '!') return `\${${name}}`;
      if (Object.hasOwn(own, name)) return text(resolve(own[name]));
      const [logicalId = '', ...attribute] = name.split('.');
      return text(
        attribute.length === 0
          ? references.ref(logicalId)
          : references.getAtt(logicalId, attribute.join('.')),
      );
    });
  };

  return resolve(value);
};
