import type { Clock } from '../clock/clock.ts';
import { fillReferences, referencesOf, type Reference } from './references.ts';

export interface SecretValuesOptions {
  /** The secrets that upstreams may be given, by the name that `${secret:…}` uses. */
  readonly arns: Readonly<Record<string, string>>;
  /** @throws Error when it cannot be read; never with a part of the value in it. */
  readonly read: (arn: string) => Promise<string>;
  readonly now: Clock;
}

interface Held {
  readonly value: Promise<string>;
  readonly at: number;
}

const freshForMs = 300_000;
/** A value that was refused is read again, but not for each refusal. */
const floorMs = 10_000;

/**
 * Makes what fills in `${secret:name}` and `${secret:name#field}` of header and variable values. Secrets are read when they
 * are needed first, and kept for five minutes.
 * @throws Error from the function it returns, which names the reference and never its value.
 */
export const createSecretValues = ({ arns, read, now }: SecretValuesOptions) => {
  const held = new Map<string, Held>();

  const valueOf = (name: string, fresh: boolean): Promise<string> => {
    const arn = Object.hasOwn(arns, name) ? arns[name] : undefined;
    if (arn === undefined) {
      return Promise.reject(new Error(`no secret "${name}" is declared for this deployment`));
    }
    const known = held.get(name);
    if (known !== undefined && now() - known.at < (fresh ? floorMs : freshForMs)) {
      return known.value;
    }
    const value = read(arn);
    value.catch(() => held.delete(name));
    held.set(name, { value, at: now() });
    return value;
  };

  return async (
    values: Readonly<Record<string, string>>,
    { fresh = false }: { readonly fresh?: boolean } = {},
  ): Promise<Record<string, string>> => {
    const names = new Set(
      Object.values(values).flatMap((text) =>
        referencesOf(text).flatMap(({ source, name }) => (source === 'secret' ? [name] : [])),
      ),
    );
    const secrets = new Map(
      await Promise.all(
        [...names].map(async (name) => [name, await valueOf(name, fresh)] as const),
      ),
    );
    const fill = (reference: Reference): string => {
      const secret = reference.source === 'secret' ? secrets.get(reference.name) : undefined;
      if (secret === undefined) throw new Error(`${reference.text} has no value at run time`);
      return reference.field === undefined ? secret : fieldOf(secret, reference);
    };
    return Object.fromEntries(
      Object.entries(values).map(([name, text]) => [name, fillReferences(text, fill)]),
    );
  };
};

const fieldOf = (secret: string, { text, field = '' }: Reference): string => {
  let fields: unknown;
  try {
    fields = JSON.parse(secret);
  } catch {
    // The parser's own message quotes the value.
    throw new Error(`${text}: the secret is not JSON`);
  }
  const value =
    typeof fields === 'object' && fields !== null && Object.hasOwn(fields, field)
      ? (fields as Record<string, unknown>)[field]
      : undefined;
  if (typeof value !== 'string') throw new Error(`${text}: the secret has no such text field`);
  return value;
};
