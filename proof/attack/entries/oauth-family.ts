import type { AttackFacts } from '../attack.ts';

export const oauthFamily =
  (family: string, rule: string, category: AttackFacts['category'] = 'MCP confused deputy') =>
  (id: string, attack: string): AttackFacts => ({
    id: `oauth/${id}`,
    category,
    family,
    attack,
    rule,
  });
