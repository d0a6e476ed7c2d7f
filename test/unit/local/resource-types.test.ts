import { describe, expect, it } from 'vitest';
import { resolveIntrinsics, type References } from '../../../local/template/intrinsics.ts';
import { onlyAtAws } from '../../../local/template/resource-types.ts';

describe('what only AWS evaluates', () => {
  it('is counted, one line for each kind, and nothing is said of what there is not', () => {
    expect(
      onlyAtAws([
        'AWS::CloudWatch::Alarm',
        'AWS::Lambda::Function',
        'AWS::CloudWatch::Alarm',
        'AWS::CloudWatch::Dashboard',
        'AWS::Logs::QueryDefinition',
      ]),
    ).toEqual(['2 alarms', '1 dashboard', '1 saved query']);
    expect(onlyAtAws(['AWS::DynamoDB::Table'])).toEqual([]);
  });
});

describe('an output of another stack', () => {
  const references: References = {
    ref: (logicalId) => `ref ${logicalId}`,
    getAtt: () => 'attribute',
    importValue: () => 'import',
    stackOutput: (stack, output) => `${output} of ${stack}`,
  };

  it('is found by stack and name, in the one region that there is', () => {
    const reference = { StackName: 'Gateway', OutputName: 'Url', Region: { Ref: 'AWS::Region' } };
    expect(resolveIntrinsics({ a: { 'Fn::GetStackOutput': reference } }, references)).toEqual({
      a: 'Url of Gateway',
    });
  });

  it('of another account is refused by name', () => {
    const reference = { StackName: 'Gateway', OutputName: 'Url', RoleArn: 'arn:aws:iam::1:role/r' };
    expect(() => resolveIntrinsics({ 'Fn::GetStackOutput': reference }, references)).toThrow(
      'RoleArn of Fn::GetStackOutput',
    );
  });
});

describe('Fn::Sub', () => {
  it.each(['constructor', 'toString', '__proto__'])(
    'takes the resource %s for itself, and for a variable only where there is one',
    (name) => {
      const named: References = {
        ref: (id) => `ref of ${id}`,
        getAtt: () => '',
        importValue: () => '',
        stackOutput: () => '',
      };
      const text = `\${${name}}`;
      expect(resolveIntrinsics({ 'Fn::Sub': text }, named)).toBe(`ref of ${name}`);
      const variables = JSON.parse(`{"${name}":"own"}`) as object;
      expect(resolveIntrinsics({ 'Fn::Sub': [text, variables] }, named)).toBe('own');
    },
  );
});
