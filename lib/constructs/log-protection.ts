import { CustomDataIdentifier, DataProtectionPolicy, FieldIndexPolicy } from 'aws-cdk-lib/aws-logs';

/** What queries look for: of an indexed field they read the matching part of the log only. */
export const fieldIndexes = ['requestId', 'tenant', 'keyId', 'tool'] as const;

/**
 * Masks credentials when lines are read (CloudWatch Logs: "Custom data identifiers"; expressions there have no groups). Nothing
 * writes any: this holds should a library do.
 */
const identifiers = [
  new CustomDataIdentifier('DrawbridgeApiKey', 'smcp_[a-z0-9-]+_[0-9A-Za-z]{46}'),
  new CustomDataIdentifier(
    'Jwt',
    'eyJ[0-9A-Za-z_-]{10,}[.]eyJ[0-9A-Za-z_-]{10,}[.][0-9A-Za-z_-]{16,}',
  ),
];

/** How the log of a function can be searched, and what of it nobody sees. */
export const logProtection = () => ({
  fieldIndexPolicies: [new FieldIndexPolicy({ fields: [...fieldIndexes] })],
  dataProtectionPolicy: new DataProtectionPolicy({
    name: 'credentials',
    description: 'Masks API keys and tokens',
    identifiers,
  }),
});
