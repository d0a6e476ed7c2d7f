import { runSimulation } from '@cloud-copilot/iam-simulate';
import { AwsError } from './aws-error.ts';
import type { Principal } from './credentials.ts';
import { simulatedOf } from './stand-in-action.ts';

const MAX_REMEMBERED = 10_000;

/** One call that was decided: the material of a least-privilege proof. */
export interface AuthorizedCall {
  readonly principal: Principal;
  /** `dynamodb:GetItem` */
  readonly action: string;
  readonly resource: string;
}

export interface AuthorizerOptions {
  readonly accountId: string;
  readonly region: string;
  readonly onCall?: (call: AuthorizedCall) => void;
  readonly onRefusal?: (call: AuthorizedCall) => void;
}

export interface CallCount {
  allowed: number;
  refused: number;
}

type Decision = 'allowed' | 'implicit-deny' | 'explicit-deny';

type RolePrincipal = Extract<Principal, { kind: 'role' }>;

/** IAM for the twin: each call of a role is simulated against the policies that the template gives that role. */
export class Authorizer {
  readonly #options: AuthorizerOptions;
  readonly #decisions = new Map<string, Decision>();
  readonly #counts = new Map<string, CallCount>();

  constructor(options: AuthorizerOptions) {
    this.#options = options;
  }

  /** @throws AwsError AccessDeniedException in the words of AWS, with the caller's display name. */
  async authorize(principal: Principal, action: string, resource: string): Promise<void> {
    const decision =
      principal.kind === 'operator' ? 'allowed' : await this.#decide(principal, action, resource);
    const call = { principal, action, resource };
    const count = this.#count(action);
    if (decision === 'allowed') {
      count.allowed++;
      this.#options.onCall?.(call);
      return;
    }
    count.refused++;
    this.#options.onRefusal?.(call);
    const reason =
      decision === 'explicit-deny'
        ? 'with an explicit deny in an identity-based policy'
        : `because no identity-based policy allows the ${action} action`;
    throw new AwsError(
      'AccessDeniedException',
      `User: ${principal.principalArn} (${principal.displayName}) is not authorized to perform: ${action} on resource: ${resource} ${reason}`,
      action.startsWith('apigateway:') ? 403 : 400,
    );
  }

  /** By `service:Action`, since the start. */
  counters(): Readonly<Record<string, Readonly<CallCount>>> {
    return Object.fromEntries([...this.#counts].map(([action, count]) => [action, { ...count }]));
  }

  #count(action: string): CallCount {
    let count = this.#counts.get(action);
    if (count === undefined) {
      count = { allowed: 0, refused: 0 };
      this.#counts.set(action, count);
    }
    return count;
  }

  /** The context is a function of the principal (see `#context`), so role session, action and resource decide. */
  async #decide(principal: RolePrincipal, action: string, resource: string): Promise<Decision> {
    const key = `${principal.principalArn} ${action} ${resource}`;
    const known = this.#decisions.get(key);
    if (known !== undefined) return known;
    const decision = await this.#simulate(principal, action, resource);
    if (this.#decisions.size >= MAX_REMEMBERED) this.#decisions.clear();
    this.#decisions.set(key, decision);
    return decision;
  }

  async #simulate(principal: RolePrincipal, action: string, resource: string): Promise<Decision> {
    const simulated = simulatedOf(action, principal.policies);
    const result = await runSimulation(
      {
        request: {
          principal: principal.principalArn,
          action: simulated.action,
          resource: { resource, accountId: this.#options.accountId },
          contextVariables: this.#context(principal),
        },
        identityPolicies: simulated.policies.map(({ name, policy }) => ({ name, policy })),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
      },
      {},
    );
    if (result.resultType === 'error') {
      throw new Error(
        `${principal.displayName}: IAM cannot decide ${action} on ${resource}: ${JSON.stringify(result.errors)}`,
      );
    }
    if (result.overallResult === 'Allowed') return 'allowed';
    return result.overallResult === 'ExplicitlyDenied' ? 'explicit-deny' : 'implicit-deny';
  }

  /** The values of role-policies.ts CONTEXT_KEYS: on AWS every call is over TLS, in this account and region. */
  #context(principal: RolePrincipal): Record<string, string> {
    const { accountId, region } = this.#options;
    return {
      'aws:PrincipalArn': principal.roleArn,
      'aws:PrincipalAccount': accountId,
      'aws:ResourceAccount': accountId,
      'aws:RequestedRegion': region,
      'aws:SecureTransport': 'true',
    };
  }
}
