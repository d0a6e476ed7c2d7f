import { Validator, type OutputUnit } from '@cfworker/json-schema';
import type { JsonObject } from './upstream.ts';

export interface SchemaCheck {
  /** What is wrong with a value, each as `place: what`. Quotes the schema, never strings of the value. */
  problemsOf(value: unknown): readonly string[];
}

/** These only say that something below them is wrong, which is told as well. */
const containers = new Set([
  ...['$ref', 'properties', 'patternProperties', 'additionalProperties', 'items', 'prefixItems'],
  ...['unevaluatedProperties', 'unevaluatedItems', 'allOf', 'then', 'else', 'dependentSchemas'],
]);
/** What is below these is only one of several ways to be right. */
const choices = new Set(['anyOf', 'oneOf', 'not', 'contains']);

const maxProblems = 10;

const wordingOf = ({ keyword, error }: OutputUnit): string => {
  switch (keyword) {
    case 'type':
      return `must be ${/Expected "(.*)"\.$/u.exec(error)?.[1]?.replaceAll('", "', ' or ') ?? 'of another type'}`;
    case 'required':
      return `${/property "(.*)"\.$/su.exec(error)?.[1] ?? 'a property'} is required`;
    case 'enum':
    case 'const':
      return error.replace(/^Instance does not match/u, 'must be').replace(/\.$/u, '');
    case 'anyOf':
    case 'oneOf':
      return 'has none of the forms that it may have';
    default:
      // Numbers are quoted with what they should be: "51 is greater than 50."
      return error
        .replace(/^(?:-?[\d.e+-]+|Instance|String|Array) (?=is |does |has |must |may )/u, '')
        .replace(/\.$/u, '');
  }
};

/**
 * A check by JSON Schema 2020-12. Formats that are known are checked.
 * @param name - what the whole value is called.
 */
export const createSchemaCheck = (schema: JsonObject, name: string): SchemaCheck => {
  let validator: Validator | undefined;
  const placeOf = (location: string): string =>
    location === '#'
      ? name
      : location
          .slice(2)
          .split('/')
          .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
          .join('.');

  const explained = (errors: readonly OutputUnit[]): readonly string[] => {
    const choicesAt = errors
      .filter(({ keyword }) => choices.has(keyword))
      .map(({ keywordLocation }) => `${keywordLocation}/`);
    // A property that is not declared is named by whoever sent it: told of the object that it is in.
    const closedAt = new Set(
      errors
        .filter(({ keyword }) => keyword === 'false')
        .map(({ instanceLocation }) => instanceLocation),
    );
    const told = errors
      .filter(({ keyword, keywordLocation }) => {
        const isBelowChoice = choicesAt.some((place) => keywordLocation.startsWith(place));
        return !containers.has(keyword) && keyword !== 'false' && !isBelowChoice;
      })
      .map((error) => `${placeOf(error.instanceLocation)}: ${wordingOf(error)}`);
    const known = Object.keys((schema['properties'] as JsonObject | undefined) ?? {});
    const unknown = [...closedAt].map((location) => {
      const parent = location.slice(0, location.lastIndexOf('/'));
      return parent === '#'
        ? `${name}: ${known.length === 0 ? 'there are none' : `only these are known: ${known.join(', ')}`}`
        : `${placeOf(parent)}: has a property that is not known`;
    });
    return [...new Set([...unknown, ...told])].slice(0, maxProblems);
  };

  return {
    problemsOf: (value) => {
      try {
        validator ??= new Validator(schema, '2020-12', false);
        const { valid, errors } = validator.validate(value);
        if (valid) return [];
        const problems = explained(errors);
        return problems.length > 0 ? problems : [`${name}: not as the schema says`];
      } catch {
        // A schema that turns in circles, or a value that is nested beyond the stack.
        return [`${name}: could not be checked`];
      }
    },
  };
};
