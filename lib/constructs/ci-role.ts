import { Duration } from 'aws-cdk-lib';
import type { Method } from 'aws-cdk-lib/aws-apigateway';
import {
  Effect,
  OidcProviderNative,
  PolicyStatement,
  Role,
  WebIdentityPrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';

/** The issuer of the tokens of GitHub's jobs, and the audience that GitHub's own action asks for. */
const github = { issuer: 'token.actions.githubusercontent.com', audience: 'sts.amazonaws.com' };

export interface CiRoleProps {
  readonly github: {
    /** `OWNER/NAME` */
    readonly repository: string;
    /** The GitHub environment that a job has to run in. */
    readonly environment: string;
    /** GitHub's OIDC provider, where the account has one: there can be no second. @default one is made */
    readonly providerArn?: string | undefined;
  };
  /** The one route that the role may call. */
  readonly route: Method;
}

/**
 * A role for jobs of one environment of one GitHub repository. It may invoke one route and nothing else; which tenant
 * it calls as, `drawbridge principals add` says.
 */
export class CiRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, { github: job, route }: CiRoleProps) {
    super(scope, id);
    const providerArn = job.providerArn ?? this.#provider();
    this.role = new Role(this, 'Role', {
      description: `Jobs of ${job.repository} in its environment ${job.environment}: call MCP tools`,
      maxSessionDuration: Duration.hours(1),
      assumedBy: new WebIdentityPrincipal(providerArn, {
        // Equality, not a pattern: a branch, a pull request or a fork has another subject.
        StringEquals: {
          [`${github.issuer}:aud`]: github.audience,
          [`${github.issuer}:sub`]: `repo:${job.repository}:environment:${job.environment}`,
        },
      }),
    });
    this.role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['execute-api:Invoke'],
        resources: [route.methodArn],
      }),
    );
  }

  #provider(): string {
    return new OidcProviderNative(this, 'GitHub', {
      url: `https://${github.issuer}`,
      clientIds: [github.audience],
    }).oidcProviderArn;
  }
}
