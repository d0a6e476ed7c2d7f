import * as z from 'zod';
import { type Pricer, type Pricers } from '../charge.ts';
import type { PriceName } from '../prices.ts';

const service = 'Cognito';

const poolShape = z.looseObject({
  UserPoolTier: z.enum(['LITE', 'ESSENTIALS', 'PLUS']).default('ESSENTIALS'),
});

const userPrices = {
  LITE: 'cognitoUserLite',
  ESSENTIALS: 'cognitoUserEssentials',
  PLUS: 'cognitoUserPlus',
} as const satisfies Readonly<Record<string, PriceName>>;

const userPool: Pricer = ({ properties }, { traffic }) => [
  {
    service,
    what: 'people who sign in',
    basis: 'inUse',
    quantity: traffic.users,
    price: userPrices[poolShape.parse(properties).UserPoolTier],
  },
];

const clientShape = z.looseObject({ AllowedOAuthFlows: z.array(z.string()).default([]) });

/** A machine asks for a token when the last one has run out, which is an hour. */
const tokensPerMonth = 730;

const client: Pricer = ({ properties }) =>
  clientShape.parse(properties).AllowedOAuthFlows.includes('client_credentials')
    ? [
        {
          service,
          what: 'machine clients',
          basis: 'idle',
          quantity: 1,
          price: 'cognitoMachineClient',
        },
        {
          service,
          what: 'their tokens, one an hour',
          basis: 'inUse',
          quantity: tokensPerMonth,
          price: 'cognitoMachineToken',
        },
      ]
    : [];

export const identityPricers: Pricers = {
  'AWS::Cognito::UserPool': userPool,
  'AWS::Cognito::UserPoolClient': client,
};
