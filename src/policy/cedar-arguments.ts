import type { CedarValueJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { ArgumentType } from './argument-types.ts';
import { ArgumentsTooLargeError } from './verdict.ts';

/** Of what policies are given of one call: more is no argument that a policy can have been written for. */
export const argumentLimits = {
  /** Characters of all texts together. */
  characters: 200_000,
  /** Elements of all lists together. */
  elements: 2_000,
};

/** Cedar: four digits after the point, 64 bits in all. */
const decimalForm = /^-?\d{1,15}(?:\.\d{1,4})?$/u;
const largestDecimal = 922_337_203_685_477;

/**
 * What stands for a value that has another type than policies use it as. It has the wrong type too, so that a policy that
 * looks at it fails, and a policy that does not is not disturbed.
 */
const mismatch = (type: ArgumentType): CedarValueJson =>
  type.kind === 'String' ? false : 'another type';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const decimalOf = (value: number): CedarValueJson | undefined => {
  const text = String(value);
  if (!decimalForm.test(text) || Math.abs(value) > largestDecimal) return undefined;
  return { __extn: { fn: 'decimal', arg: text.includes('.') ? text : `${text}.0` } };
};

/** Takes of a call's arguments what policies mention, each as the type that they use it as. */
class Projection {
  #characters = 0;
  #elements = 0;

  /** Undefined for what is not there: absent, or null. */
  project(value: unknown, type: ArgumentType): CedarValueJson | undefined {
    if (value === undefined || value === null) return undefined;
    return this.#matching(value, type) ?? mismatch(type);
  }

  /** Undefined for a value of another type. Nothing of a caller is ever passed on as it is: it could be one of Cedar's escapes. */
  #matching(value: unknown, type: ArgumentType): CedarValueJson | undefined {
    switch (type.kind) {
      case 'presence':
        return true;
      case 'Bool':
        return typeof value === 'boolean' ? value : undefined;
      case 'Long':
        // `+ 0`: there is no -0 in Cedar.
        return Number.isSafeInteger(value) ? (value as number) + 0 : undefined;
      case 'decimal':
        return typeof value === 'number' ? decimalOf(value) : undefined;
      case 'String':
        return typeof value === 'string' ? this.#text(value) : undefined;
      case 'Set':
        return Array.isArray(value) ? this.#set(value, type.element) : undefined;
      case 'Record':
        return isRecord(value) ? this.#record(value, type.members) : undefined;
    }
  }

  #text(value: string): string {
    this.#characters += value.length;
    if (this.#characters > argumentLimits.characters) {
      throw new ArgumentsTooLargeError('arguments have too much text for policies');
    }
    return value;
  }

  #set(values: readonly unknown[], element: ArgumentType): CedarValueJson | undefined {
    this.#elements += values.length;
    if (this.#elements > argumentLimits.elements) {
      throw new ArgumentsTooLargeError('arguments have too many elements for policies');
    }
    const elements: CedarValueJson[] = [];
    for (const value of values) {
      const converted = this.#matching(value, element);
      if (converted === undefined) return undefined;
      elements.push(converted);
    }
    return elements;
  }

  #record(
    value: Readonly<Record<string, unknown>>,
    members: ReadonlyMap<string, ArgumentType>,
  ): CedarValueJson {
    const entries: (readonly [string, CedarValueJson])[] = [];
    for (const [name, type] of members) {
      if (!Object.hasOwn(value, name)) continue;
      const converted = this.project(value[name], type);
      if (converted !== undefined) entries.push([name, converted]);
    }
    return Object.fromEntries(entries);
  }
}

/**
 * `context.args` of a call. Arguments that are no object are none: that is what a tool is sent of them.
 * @throws ArgumentsTooLargeError
 */
export const projectArguments = (args: unknown, type: ArgumentType): CedarValueJson =>
  new Projection().project(isRecord(args) ? args : {}, type) ?? {};
