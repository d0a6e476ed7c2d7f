import * as z from 'zod';
import { unpriced, type Charge, type Environment, type Pricer, type Pricers } from '../charge.ts';
import { authorizerRuns } from '../road.ts';
import type { Resource } from '../templates.ts';

const statements = z.looseObject({
  PolicyDocument: z.looseObject({
    Statement: z.array(
      z.looseObject({
        Effect: z.string(),
        Action: z.union([z.string(), z.array(z.string())]).default([]),
        Resource: z.unknown().optional(),
      }),
    ),
  }),
});

/** Whether the policies of a function’s role allow it an action on a resource. */
export const mayDo = (
  { templates }: Environment,
  { stack, properties }: Resource,
  actions: readonly string[],
  target: Resource,
): boolean => {
  const roles = templates.referredTo(stack, properties['Role']);
  return templates.ofType('AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy').some((policy) => {
    const attached = templates.referredTo(policy.stack, policy.properties['Roles']);
    if (!attached.some((role) => roles.includes(role))) return false;
    const { PolicyDocument } = statements.parse(policy.properties);
    return PolicyDocument.Statement.some(
      ({ Effect, Action, Resource: on }) =>
        Effect === 'Allow' &&
        [Action].flat().some((action) => actions.includes(action)) &&
        templates.referredTo(policy.stack, on).includes(target),
    );
  });
};

const tableShape = z.looseObject({
  BillingMode: z.string().default('PROVISIONED'),
  Replicas: z
    .array(z.looseObject({ PointInTimeRecoverySpecification: z.unknown().optional() }))
    .default([]),
  PointInTimeRecoverySpecification: z.unknown().optional(),
});

const recovery = z.looseObject({ PointInTimeRecoveryEnabled: z.literal(true) });

const dynamo = 'DynamoDB';

const table: Pricer = (resource, environment) => {
  const { road, traffic, requests } = environment;
  const shape = tableShape.parse(resource.properties);
  if (shape.BillingMode !== 'PAY_PER_REQUEST') unpriced(resource, 'provisioned capacity');
  const replicas = Math.max(1, shape.Replicas.length);
  const recovered = [shape, ...shape.Replicas].filter(
    ({ PointInTimeRecoverySpecification }) =>
      recovery.safeParse(PointInTimeRecoverySpecification).success,
  ).length;
  const charges: Charge[] = [
    {
      service: dynamo,
      what: 'stored data',
      basis: 'idle',
      quantity: traffic.tableGb * replicas,
      price: 'dynamoDbStorage',
    },
  ];
  if (recovered > 0) {
    charges.push({
      service: dynamo,
      what: 'point-in-time recovery',
      basis: 'idle',
      quantity: traffic.tableGb * recovered,
      price: 'dynamoDbRecovery',
    });
  }
  if (mayDo(environment, road.authorizer, ['dynamodb:GetItem'], resource)) {
    charges.push({
      service: dynamo,
      what: 'keys read by the authorizer',
      basis: 'requests',
      // A strongly consistent read of up to 4 KB.
      quantity: authorizerRuns(road, requests, traffic.authorizerHitRate),
      price: 'dynamoDbRead',
    });
  }
  if (mayDo(environment, road.mcp, ['dynamodb:UpdateItem', 'dynamodb:PutItem'], resource)) {
    charges.push({
      service: dynamo,
      what: 'units counted, one write for a call',
      basis: 'requests',
      quantity: requests * traffic.toolCallShare * Math.ceil(traffic.usageItemKb) * replicas,
      price: 'dynamoDbWrite',
    });
  }
  return charges;
};

/** Functions look at a secret again after five minutes. */
const readsPerMonth = (730 * 60) / 5;

const secret: Pricer = (resource, environment) => {
  const { road, traffic } = environment;
  const readers = [road.authorizer, road.mcp].filter((reader) =>
    mayDo(environment, reader, ['secretsmanager:GetSecretValue'], resource),
  ).length;
  const charges: Charge[] = [
    { service: 'Secrets Manager', what: 'secrets', basis: 'idle', quantity: 1, price: 'secret' },
  ];
  if (readers > 0) {
    charges.push({
      service: 'Secrets Manager',
      what: 'secrets read again by warm functions',
      basis: 'inUse',
      quantity: readers * traffic.warmContainers * readsPerMonth,
      price: 'secretRead',
    });
  }
  return charges;
};

const key: Pricer = () => [
  { service: 'KMS', what: 'keys', basis: 'idle', quantity: 1, price: 'kmsKey' },
];

const parameter: Pricer = ({ properties }) =>
  properties['Tier'] === 'Advanced'
    ? [
        {
          service: 'Parameter Store',
          what: 'advanced parameters',
          basis: 'idle',
          quantity: 1,
          price: 'advancedParameter',
        },
      ]
    : [];

const backupVault: Pricer = (_resource, { templates, traffic }) => [
  {
    service: 'Backup',
    what: 'one copy of each table',
    basis: 'idle',
    quantity:
      traffic.tableGb *
      templates.ofType('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable').length,
    price: 'backupStorage',
  },
];

export const dataPricers: Pricers = {
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::SecretsManager::Secret': secret,
  'AWS::KMS::Key': key,
  'AWS::KMS::ReplicaKey': key,
  'AWS::SSM::Parameter': parameter,
  'AWS::Backup::BackupVault': backupVault,
};
