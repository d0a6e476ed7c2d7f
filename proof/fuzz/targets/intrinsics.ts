import assert from 'node:assert/strict';
import fc from 'fast-check';
import { resolveIntrinsics, type References } from '../../../local/template/intrinsics.ts';
import { target, type FuzzTarget } from '../target.ts';

const references: References = {
  ref: (id) => `ref:${id}`,
  getAtt: (id, attribute) => `att:${id}:${attribute}`,
  importValue: (name) => `import:${name}`,
  stackOutput: (stack, output) => `output:${stack}:${output}`,
};
const resolve = (value: unknown): unknown => resolveIntrinsics(value, references);
const isFunction = (key: string) => key === 'Ref' || key.startsWith('Fn::');
const holdsFunction = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (Object.keys(value).some(isFunction) || Object.values(value).some(holdsFunction));
const logicalId = fc.oneof(
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{0,12}$/),
  fc.constantFrom('constructor', 'toString', 'valueOf'),
);

const intrinsics = target({
  name: 'local/template/intrinsics.ts',
  property:
    'a value without functions is itself; Split undoes Join; Sub fills in what Ref does, and nothing else',
  arbitrary: fc.record({
    value: fc.jsonValue(),
    items: fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '$', '{', '}') }), {
      minLength: 1,
      maxLength: 5,
    }),
    id: logicalId,
    attribute: fc.stringMatching(/^[A-Za-z]{1,8}$/),
    literal: fc.string({ unit: fc.constantFrom('a', '$', ' ', '"') }),
  }),
  check: ({ value, items, id, attribute, literal }) => {
    if (!holdsFunction(value)) assert.deepEqual(resolve(value), value);
    const joined = { 'Fn::Join': ['|', items] };
    assert.deepEqual(resolve({ 'Fn::Split': ['|', joined] }), items);
    assert.equal(resolve({ 'Fn::Select': [0, { 'Fn::Split': ['|', joined] }] }), items[0]);
    assert.equal(
      resolve({ 'Fn::Sub': `${literal}\${${id}}` }),
      `${literal}${String(resolve({ Ref: id }))}`,
    );
    assert.equal(
      resolve({ 'Fn::Sub': `\${${id}.${attribute}}` }),
      resolve({ 'Fn::GetAtt': [id, attribute] }),
    );
    assert.equal(resolve({ 'Fn::Sub': [`\${${id}}`, { [id]: literal }] }), literal);
    assert.equal(resolve({ 'Fn::Sub': `\${!${id}}` }), `\${${id}}`);
  },
});

export const intrinsicTargets: readonly FuzzTarget[] = [intrinsics];
