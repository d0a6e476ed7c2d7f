import {
  argumentPathOf,
  operandsOf,
  operationOf,
  variableAccessOf,
  type Expr,
} from './expression.ts';

/** A type that an argument can have in policies. */
export type ArgumentType =
  | { readonly kind: 'Long' | 'String' | 'Bool' | 'decimal' }
  | { readonly kind: 'Set'; readonly element: ArgumentType }
  | { readonly kind: 'Record'; readonly members: ReadonlyMap<string, ArgumentType> }
  /** Only asked for: whether it is there. */
  | { readonly kind: 'presence' };

export interface UseProblem {
  /** Of the policy that was read last of those that disagree. */
  readonly policy: number;
  readonly reason: string;
}

/** Not yet known types that turned out to be equal share one `Term`, by `link`. */
class Term {
  link: Term | undefined;
  /** `used` while it is only known that something is done with it. */
  kind: string | undefined;
  element: Term | undefined;
  /** The policy that said what it is. */
  policy = 0;

  static of(kind: string, policy: number, element?: Term): Term {
    const term = new Term();
    term.kind = kind;
    term.policy = policy;
    term.element = element;
    return term;
  }

  get root(): Term {
    return this.link?.root ?? this;
  }
}

class Path {
  readonly term = new Term();
  readonly members = new Map<string, Path>();
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Types of what is not an argument, as far as arguments can be compared with it (`cedar-schema.ts`). */
const knownKinds: Readonly<Record<string, string>> = {
  'context.lane': 'String',
  'context.source': 'ipaddr',
  'principal.tenant': 'String',
  'principal.role': 'String',
  'principal.lane': 'String',
  'principal.subject': 'String',
  'principal.plan': 'String',
  'principal.keyId': 'String',
  'resource.name': 'String',
  'resource.server': 'String',
  'resource.readOnly': 'Bool',
  'resource.destructive': 'Bool',
  'resource.idempotent': 'Bool',
  'resource.openWorld': 'Bool',
};

const decimalComparisons = [
  'lessThan',
  'lessThanOrEqual',
  'greaterThan',
  'greaterThanOrEqual',
] as const;

const kindOfLiteral = (value: unknown): string => {
  if (typeof value === 'number') return 'Long';
  if (typeof value === 'boolean') return 'Bool';
  return typeof value === 'string' ? 'String' : 'entity';
};

const longestPath = 8;

/** Finds what type each `context.args.…` has from how policies use it. */
export class ArgumentTypes {
  readonly #root = new Path('context.args');
  readonly #problems: UseProblem[] = [];
  /** How a policy is called in a problem, by its number. */
  readonly #policyNames: readonly string[];
  #policy = 0;

  constructor(policyNames: readonly string[]) {
    this.#policyNames = policyNames;
  }

  /** Takes what one condition of a policy says. */
  learn(policy: number, condition: Expr): void {
    this.#policy = policy;
    this.#expect(condition, 'Bool');
  }

  /** The type of `context.args`, and what was wrong. */
  conclude(): { readonly args: ArgumentType; readonly problems: readonly UseProblem[] } {
    return { args: this.#typeOfPath(this.#root), problems: this.#problems };
  }

  #typeOfPath(path: Path): ArgumentType {
    if (path === this.#root || path.members.size > 0) {
      const members = [...path.members].map(([name, member]) => [name, this.#typeOfPath(member)]);
      return { kind: 'Record', members: new Map(members as [string, ArgumentType][]) };
    }
    return this.#typeOf(path.term, path.name) ?? { kind: 'presence' };
  }

  #typeOf(term: Term, name: string): ArgumentType | undefined {
    const { kind, element, policy } = term.root;
    if (kind === undefined) return undefined;
    if (kind === 'Long' || kind === 'String' || kind === 'Bool' || kind === 'decimal')
      return { kind };
    if (kind === 'used') {
      this.#add(policy, `cannot tell the type of ${name}: compare it with a literal`);
    } else if (kind === 'Set' && element !== undefined) {
      const inner = this.#typeOf(element, `an element of ${name}`) ?? { kind: 'String' };
      if (inner.kind !== 'Set') return { kind: 'Set', element: inner };
      this.#add(policy, `${name} is a set of sets, which arguments cannot be`);
    } else {
      this.#add(policy, `${name} is used as ${kind}, which arguments cannot be`);
    }
    return undefined;
  }

  #add(policy: number, reason: string): void {
    if (!this.#problems.some((known) => known.reason === reason)) {
      this.#problems.push({ policy, reason });
    }
  }

  #pathAt(names: readonly string[]): Path {
    let path = this.#root;
    for (const [at, name] of names.entries()) {
      if (at > 0) this.#unify(path.term, Term.of('Record', this.#policy), path.name);
      const label = /^[A-Za-z_]\w*$/u.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
      if (name.startsWith('__') || at >= longestPath) {
        const why = at >= longestPath ? `is more than ${longestPath} deep` : 'begins with __';
        this.#add(this.#policy, `${path.name}${label} cannot be used: it ${why}`);
      }
      const next = path.members.get(name) ?? new Path(`${path.name}${label}`);
      path.members.set(name, next);
      path = next;
    }
    return path;
  }

  #expect(expr: Expr, kind: string, element?: Term): Term {
    return this.#unify(this.#walk(expr), Term.of(kind, this.#policy, element), nameOf(expr));
  }

  #unify(one: Term, other: Term, name: string): Term {
    const [a, b] = [one.root, other.root];
    if (a === b) return a;
    if (a.kind === undefined || a.kind === 'used') {
      if (b.kind === undefined) {
        b.kind = a.kind;
        b.policy = a.policy;
      }
      a.link = b;
      return b;
    }
    if (b.kind === undefined || b.kind === 'used') {
      b.link = a;
      return a;
    }
    if (a.kind !== b.kind) this.#conflict(a, b, name);
    else if (a.element !== undefined && b.element !== undefined) {
      this.#unify(a.element, b.element, `an element of ${name}`);
    }
    return a;
  }

  /** Of values that are no arguments Cedar's validator tells it better. */
  #conflict(a: Term, b: Term, name: string): void {
    if (!name.includes('context.args')) return;
    const place = ({ policy }: Term) => this.#policyNames[policy] ?? 'a policy';
    this.#add(
      Math.max(a.policy, b.policy),
      `${name} is used as ${a.kind} in ${place(a)}, and as ${b.kind} in ${place(b)}`,
    );
  }

  /** Learns what an expression says, and answers with its own type. */
  #walk(expr: Expr): Term {
    const argument = argumentPathOf(expr);
    if (argument !== undefined) return this.#argument(argument);
    const access = variableAccessOf(expr);
    if (access !== undefined) {
      if (access.kind === 'has') return this.#fact('Bool');
      const kind = knownKinds[`${access.variable}.${access.path.join('.')}`];
      return kind === undefined ? new Term() : this.#fact(kind);
    }
    return this.#operation(expr);
  }

  #argument({ kind, path }: { kind: 'get' | 'has'; path: readonly string[] }): Term {
    if (path.length === 0) {
      this.#add(this.#policy, 'context.args cannot be used as a whole: use context.args.<name>');
      return new Term();
    }
    const { term } = this.#pathAt(path);
    if (kind === 'has') return this.#fact('Bool');
    // Something is done with it: then its type must come out.
    return this.#unify(term, this.#fact('used'), '');
  }

  #fact(kind: string, element?: Term): Term {
    return Term.of(kind, this.#policy, element);
  }

  #operation(expr: Expr): Term {
    const { operator, body } = operationOf(expr);
    const operands = operandsOf(expr);
    const all = (kind: string): void => {
      for (const operand of operands) this.#expect(operand, kind);
    };
    const alike = (of: readonly Expr[]): Term => {
      const terms = of.map((one) => ({ term: this.#walk(one), name: nameOf(one) }));
      return terms.reduce(
        (left, { term, name }, at) =>
          this.#unify(left, term, argumentName(name, at > 0 ? nameOf(of[at - 1]) : '')),
        new Term(),
      );
    };
    switch (operator) {
      case 'Value':
        return this.#fact(kindOfLiteral(body));
      case '&&':
      case '||':
      case '!':
        all('Bool');
        return this.#fact('Bool');
      case '==':
      case '!=':
        alike(operands);
        return this.#fact('Bool');
      case '<':
      case '<=':
      case '>':
      case '>=': {
        const term = alike(operands);
        if (isOpen(term)) this.#unify(term, this.#fact('Long'), operands.map(nameOf).join(''));
        return this.#fact('Bool');
      }
      case '+':
      case '-':
      case '*':
      case 'neg':
        all('Long');
        return this.#fact('Long');
      case 'like':
        all('String');
        return this.#fact('Bool');
      case 'contains': {
        const [set, element] = operands as [Expr, Expr];
        const inner = this.#elementOf(set);
        this.#unify(inner, this.#walk(element), argumentName(nameOf(element), nameOf(set)));
        return this.#fact('Bool');
      }
      case 'containsAll':
      case 'containsAny': {
        const [left, right] = operands as [Expr, Expr];
        this.#unify(this.#elementOf(left), this.#elementOf(right), nameOf(left) + nameOf(right));
        return this.#fact('Bool');
      }
      case 'isEmpty':
        this.#elementOf(operands[0] as Expr);
        return this.#fact('Bool');
      case 'Set':
        return this.#fact('Set', alike(operands));
      case 'if-then-else': {
        const [condition, ...branches] = operands as [Expr, Expr, Expr];
        this.#expect(condition, 'Bool');
        return alike(branches);
      }
      case 'Record':
        for (const operand of operands) this.#walk(operand);
        return this.#fact('a record as a whole');
      case 'in':
      case 'is':
        all('entity');
        return this.#fact('Bool');
      case 'decimal':
      case 'ip':
      case 'datetime':
      case 'duration':
        all('String');
        return this.#fact(operator === 'ip' ? 'ipaddr' : operator);
      default:
        return this.#function(operator, operands);
    }
  }

  #function(operator: string, operands: readonly Expr[]): Term {
    const isDecimal = decimalComparisons.some((name) => name === operator);
    const isAddress = /^is(?:Ipv4|Ipv6|Loopback|Multicast|InRange)$/u.test(operator);
    for (const operand of operands) {
      if (isDecimal || isAddress) this.#expect(operand, isDecimal ? 'decimal' : 'ipaddr');
      else this.#walk(operand);
    }
    return isDecimal || isAddress ? this.#fact('Bool') : new Term();
  }

  /** The type of a set's elements. */
  #elementOf(set: Expr): Term {
    const element = new Term();
    const found = this.#unify(this.#walk(set), this.#fact('Set', element), nameOf(set));
    return found.kind === 'Set' && found.element !== undefined ? found.element : element;
  }
}

const isOpen = (term: Term): boolean => term.root.kind === undefined || term.root.kind === 'used';

/** `context.args.a`, for a problem; empty for what is no argument. */
const nameOf = (expr: Expr | undefined): string => {
  const path = expr === undefined ? undefined : argumentPathOf(expr)?.path;
  return path === undefined || path.length === 0 ? '' : `context.args.${path.join('.')}`;
};

const argumentName = (one: string, other: string): string => (one === '' ? other : one);
