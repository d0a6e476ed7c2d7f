import * as z from 'zod';
import { principalArnOf } from '../src/principals/caller-arn.ts';

const operatorArn = z
  .string()
  .refine((arn) => /^arn:aws[a-z-]*:iam::/u.test(arn) && principalArnOf(arn) !== undefined, {
    error:
      'is not the ARN of an IAM role or user, as in arn:aws:iam::123456789012:role/platform-team',
  });

/** Who operates the whole deployment stands here and in no record: what can be written over HTTP cannot make operators. */
export const adminConfig = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether there is an admin API, `/admin`. Without it there is the CLI.'),
    operators: z
      .array(operatorArn)
      .max(20)
      .default([])
      .describe(
        'ARNs of the IAM roles and users that may do everything by the admin API. A principal of role `admin` looks after its own tenant there without being listed.',
      ),
  })
  .prefault({});

export type AdminConfig = z.infer<typeof adminConfig>;
