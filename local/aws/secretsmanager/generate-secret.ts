import { randomInt } from 'node:crypto';
import * as z from 'zod';

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';

const flag = z.stringbool().or(z.boolean()).default(false);

/** AWS::SecretsManager::Secret GenerateSecretString. */
export const generateSecretString = z.strictObject({
  PasswordLength: z.coerce.number().int().min(1).max(4096).default(32),
  ExcludeCharacters: z.string().default(''),
  ExcludeLowercase: flag,
  ExcludeUppercase: flag,
  ExcludeNumbers: flag,
  ExcludePunctuation: flag,
  IncludeSpace: flag,
  RequireEachIncludedType: z.stringbool().or(z.boolean()).default(true),
  SecretStringTemplate: z.string().optional(),
  GenerateStringKey: z.string().optional(),
});

export type GenerateSecretString = z.infer<typeof generateSecretString>;

const pick = (characters: string): string => characters[randomInt(characters.length)] ?? '';

/** A random password from the operating system's generator. @throws Error when the rules leave no character. */
const password = (rules: GenerateSecretString): string => {
  const types = [
    rules.ExcludeLowercase ? '' : LOWER,
    rules.ExcludeUppercase ? '' : UPPER,
    rules.ExcludeNumbers ? '' : DIGITS,
    rules.ExcludePunctuation ? '' : PUNCTUATION,
    rules.IncludeSpace ? ' ' : '',
  ]
    .map((type) => [...type].filter((c) => !rules.ExcludeCharacters.includes(c)).join(''))
    .filter((type) => type !== '');
  const all = types.join('');
  if (all === '') throw new Error('GenerateSecretString excludes every character.');
  const required = rules.RequireEachIncludedType ? types : [];
  if (required.length > rules.PasswordLength) {
    throw new Error('GenerateSecretString: PasswordLength is below the number of required types.');
  }
  const characters = required.map(pick);
  while (characters.length < rules.PasswordLength) characters.push(pick(all));
  for (let i = characters.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [characters[i], characters[j]] = [characters[j] ?? '', characters[i] ?? ''];
  }
  return characters.join('');
};

/** The secret string that CloudFormation would generate: a password, or the template with it under its key. */
export const generateSecret = (rules: GenerateSecretString): string => {
  const { SecretStringTemplate, GenerateStringKey } = rules;
  const value = password(rules);
  if (SecretStringTemplate === undefined || GenerateStringKey === undefined) return value;
  const template = z.record(z.string(), z.unknown()).parse(JSON.parse(SecretStringTemplate));
  return JSON.stringify({ ...template, [GenerateStringKey]: value });
};
