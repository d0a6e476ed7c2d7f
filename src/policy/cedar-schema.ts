import type { SchemaJson, TypeOfAttribute } from '@cedar-policy/cedar-wasm/nodejs';
import { lanes, roles } from '../principals/principal.ts';
import type { ArgumentType } from './argument-types.ts';

export const namespace = 'Drawbridge';

/** A type's name as policies write it. */
export const typeName = (name: 'Action' | 'Caller' | 'Role' | 'Server' | 'Tenant' | 'Tool') =>
  `${namespace}::${name}`;

type Attribute = TypeOfAttribute<string>;

const string: Attribute = { type: 'String' };
const boolean: Attribute = { type: 'Boolean' };

const optionalMembers = (members: ReadonlyMap<string, ArgumentType>): Attribute => ({
  type: 'Record',
  attributes: Object.fromEntries(
    [...members].map(([name, type]) => [name, { ...attributeOf(type), required: false }]),
  ),
});

const attributeOf = (type: ArgumentType): Attribute => {
  switch (type.kind) {
    case 'Long':
    case 'String':
      return { type: type.kind };
    case 'Bool':
    case 'presence':
      return boolean;
    case 'decimal':
      return { type: 'Extension', name: 'decimal' };
    case 'Set':
      return { type: 'Set', element: attributeOf(type.element) };
    case 'Record':
      return optionalMembers(type.members);
  }
};

/**
 * What policies may speak of. Arguments are those that the policies of one text mention, each of the type it is used as and
 * never promised: the validator then asks for `context.args has …` before each use.
 */
export const cedarSchema = (args: ArgumentType): SchemaJson<string> => ({
  [namespace]: {
    entityTypes: {
      Tenant: {},
      Role: { enum: [...roles] },
      Server: {},
      Caller: {
        memberOfTypes: ['Role', 'Tenant'],
        shape: {
          type: 'Record',
          attributes: {
            tenant: string,
            role: string,
            lane: string,
            subject: string,
            plan: string,
            keyId: { ...string, required: false },
          },
        },
      },
      Tool: {
        memberOfTypes: ['Server'],
        shape: {
          type: 'Record',
          attributes: {
            name: string,
            server: string,
            readOnly: boolean,
            destructive: boolean,
            idempotent: boolean,
            openWorld: boolean,
          },
        },
      },
    },
    actions: {
      call: {
        appliesTo: {
          principalTypes: ['Caller'],
          resourceTypes: ['Tool'],
          context: {
            type: 'Record',
            attributes: {
              source: { type: 'Extension', name: 'ipaddr' },
              lane: string,
              args: attributeOf(args),
            },
          },
        },
      },
    },
  },
});

/** Strings that are always one of a few: a comparison with another is a typo, which Cedar cannot know. */
export const closedValues: Readonly<Record<string, readonly string[]>> = {
  'principal.role': roles,
  'principal.lane': lanes,
  'context.lane': lanes,
};
