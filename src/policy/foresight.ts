import { typeName } from './cedar-schema.ts';
import { contextOf, itself, mentionsOf, requestOf, type Mentions } from './cedar-request.ts';
import type { Cedar } from './cedar.ts';
import type { CompiledPolicy } from './compile-policies.ts';
import { resourceScopeOf } from './expression.ts';
import type { PolicyCaller, PolicyTool } from './policy-decider.ts';
import type { PolicyGroup, PreparedSets } from './prepared-sets.ts';
import type { Outlook } from './verdict.ts';

/** Policies that are asked together about a tool: those of one tool, of one server, or of any. */
interface Partition {
  readonly group: PolicyGroup;
  readonly mentions: Mentions;
}

const anyTool = '';
const constant = 'constant';

const scopeKey = (kind: string, id: string): string => `${kind} ${id}`;

/** Policies whose scope cannot match a tool do not decide it, so they need not be asked: Cedar judges each by itself. */
const keyOf = ({ foresight }: CompiledPolicy): string => {
  const scope = resourceScopeOf(foresight);
  if (scope?.type === typeName('Tool')) return scopeKey('tool', scope.id);
  if (scope?.type === typeName('Server')) return scopeKey('server', scope.id);
  return mentionsOf([foresight]).resource.size === 0 ? constant : anyTool;
};

const partitionOf = (policies: readonly CompiledPolicy[]): Partition => {
  const mentions = mentionsOf(policies.map(({ foresight }) => foresight));
  return {
    group: Object.fromEntries(policies.map(({ foresight }, at) => [`p${at}`, foresight])),
    mentions,
  };
};

/** What the policies see of a tool: tools that look alike are judged once. */
const signatureOf = (tool: PolicyTool, { resource }: Mentions): string => {
  if (resource.has(itself) || resource.has('name')) return tool.name;
  const { readOnly, destructive, idempotent, openWorld } = tool;
  const seen = { server: tool.server, readOnly, destructive, idempotent, openWorld };
  return JSON.stringify(Object.entries(seen).filter(([name]) => resource.has(name)));
};

/** A permit's verdict counts only while nothing forbids. */
const combined = (one: Outlook, other: Outlook): Outlook => {
  if (one === 'forbid' || other === 'forbid') return 'forbid';
  return one === 'permit' || other === 'permit' ? 'permit' : 'none';
};

/** Judges tools before their arguments are known, by policies without arguments. */
export class Foresight {
  readonly #cedar: Cedar;
  readonly #prepared: PreparedSets;
  readonly #partitions = new Map<string, Partition>();

  constructor(cedar: Cedar, prepared: PreparedSets, policies: readonly CompiledPolicy[]) {
    this.#cedar = cedar;
    this.#prepared = prepared;
    const relevant = policies.filter(({ foresight }) => !isNever(foresight.conditions));
    for (const [key, members] of Map.groupBy(relevant, keyOf)) {
      this.#partitions.set(key, partitionOf(members));
    }
  }

  foresee(caller: PolicyCaller, tools: readonly PolicyTool[]): readonly Outlook[] {
    const known = new Map<string, Outlook>();
    return tools.map((tool) =>
      [
        constant,
        anyTool,
        scopeKey('server', tool.server),
        scopeKey('tool', tool.name),
      ].reduce<Outlook>((outlook, key) => {
        const partition = outlook === 'forbid' ? undefined : this.#partitions.get(key);
        if (partition === undefined) return outlook;
        const signature = signatureOf(tool, partition.mentions);
        const memo = `${key}\n${signature}`;
        const found = known.get(memo) ?? this.#ask(partition, caller, tool);
        known.set(memo, found);
        return combined(outlook, found);
      }, 'none'),
    );
  }

  #ask({ group, mentions }: Partition, caller: PolicyCaller, tool: PolicyTool): Outlook {
    const answer = this.#cedar.statefulIsAuthorized({
      ...requestOf(caller, tool, mentions),
      context: contextOf(caller, mentions),
      preparsedPolicySetId: this.#prepared.nameOf(group),
    });
    if (answer.type === 'failure') return 'forbid';
    const { decision, diagnostics } = answer.response;
    if (diagnostics.errors.length > 0) return 'forbid';
    if (decision === 'allow') return 'permit';
    return diagnostics.reason.length > 0 ? 'forbid' : 'none';
  }
}

/** A forbid that depends on arguments altogether: `when { false }`, and the like. */
const isNever = (conditions: CompiledPolicy['foresight']['conditions']): boolean =>
  conditions.some(({ kind, body }) => neverTrue(body, kind === 'when'));

/** Whether it is `false` (or, asked for `unless`, `true`) whatever happens; only as far as `&&` and `||` say it. */
const neverTrue = (body: object, wanted: boolean): boolean => {
  const {
    Value,
    '&&': and,
    '||': or,
  } = body as {
    readonly Value?: unknown;
    readonly '&&'?: { readonly left: object; readonly right: object };
    readonly '||'?: { readonly left: object; readonly right: object };
  };
  if (Value === !wanted) return true;
  const all = wanted ? or : and;
  const any = wanted ? and : or;
  if (all !== undefined) return neverTrue(all.left, wanted) && neverTrue(all.right, wanted);
  return any !== undefined && (neverTrue(any.left, wanted) || neverTrue(any.right, wanted));
};
