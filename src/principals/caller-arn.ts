import * as z from 'zod';

const partition = 'arn:aws(?:-[a-z]+)*';
const account = '[0-9]{12}';
/** Of a role, a user or a role session (IAM: "IAM and AWS STS quotas", "Name requirements"). */
const name = '[\\w+=,.@-]{1,64}';
const path = '(?:[\\x21-\\x7e]{1,510}/)?';

const assumedRole = new RegExp(
  `^(?<iam>${partition}):sts::(?<account>${account}):assumed-role/(?<name>${name})/${name}$`,
);
const roleWithPath = new RegExp(
  `^(?<iam>${partition}):iam::(?<account>${account}):role/${path}(?<name>${name})$`,
);
const user = new RegExp(`^${partition}:iam::${account}:user/${path}${name}$`);

const roleArn = (match: RegExpExecArray): string =>
  `${match.groups?.['iam']}:iam::${match.groups?.['account']}:role/${match.groups?.['name']}`;

/**
 * The caller that a principal is recorded for, from `requestContext.identity.userArn`: of a role's session the role,
 * of a user the user. Undefined for everything else: root, federated users, what is no ARN.
 *
 * An assumed-role ARN names no path, so a role's ARN here has none. Role names are unique in an account whatever their
 * path (IAM: CreateRole), so no two roles meet in one ARN.
 */
export const callerArnOf = (userArn: string): string | undefined => {
  const session = assumedRole.exec(userArn);
  if (session !== null) return roleArn(session);
  return user.test(userArn) ? userArn : undefined;
};

/** The caller that an operator means: `callerArnOf`, and roles as IAM shows them, path included. */
export const principalArnOf = (arn: string): string | undefined => {
  const role = roleWithPath.exec(arn);
  return role === null ? callerArnOf(arn) : roleArn(role);
};

/** As `callerArnOf` gives it. */
export const callerArn = z
  .string()
  .max(640)
  .refine((arn) => principalArnOf(arn) === arn, {
    error: 'is not the ARN of a role without its path, or of a user',
  });

const nameable = new RegExp(
  `^${partition}:iam::(?<account>${account}):(?<kind>role|user)/${path}(?<name>${name})$`,
);

/**
 * `<account>:role/<name>` or `<account>:user/<name>`, of what `callerArnOf` gives. Two accounts may have a role of one
 * name, and one account a role and a user; a path tells no two callers apart.
 *
 * @throws Error for what is no such ARN.
 */
export const callerId = (arn: string): string => {
  const groups = nameable.exec(arn)?.groups;
  if (groups === undefined) throw new Error('not the ARN of a role or user');
  return `${groups['account']}:${groups['kind']}/${groups['name']}`;
};
