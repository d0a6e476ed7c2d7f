import type { AttackFacts } from '../attack.ts';

export const outboundFamily =
  (name: string, prefix: string, rule: string) =>
  (id: string, attack: string): AttackFacts => ({
    id: `outbound/${prefix}-${id}`,
    category: 'API7 server side request forgery',
    family: name,
    attack,
    rule,
  });
