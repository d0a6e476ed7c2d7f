import type { Attack } from './attack.ts';
import { adminAttacks } from './entries/admin.ts';
import { browserAttacks } from './entries/browsers.ts';
import { credentialAttacks } from './entries/credentials.ts';
import { jsonAttacks } from './entries/json.ts';
import { laneAttacks } from './entries/lanes.ts';
import { logAttacks } from './entries/logs.ts';
import { flowAttacks } from './entries/flows.ts';
import { oauthCodeAttacks } from './entries/oauth-codes.ts';
import { oauthRequestAttacks } from './entries/oauth-requests.ts';
import { sessionAttacks } from './entries/sessions.ts';
import { timingAttacks } from './entries/timing.ts';
import { outboundAttacks } from './entries/outbound.ts';
import { patternAttacks } from './entries/patterns.ts';
import { routeAttacks } from './entries/routes.ts';
import { smugglingAttacks } from './entries/smuggling.ts';
import { spoofingAttacks } from './entries/spoofing.ts';
import { tenantAttacks } from './entries/tenants.ts';
import { outboundUrlAttacks } from './entries/outbound-urls.ts';
import { upstreamAnswerAttacks } from './entries/upstream-answers.ts';
import { twiceAttacks } from './entries/smuggling-twice.ts';
import { csrfAttacks } from './entries/oauth-csrf.ts';
import { tokenAttacks } from './entries/tokens.ts';
import { upstreamAttacks } from './entries/upstreams.ts';

/** The whole corpus, in the order of running. */
export const attacks: readonly Attack[] = [
  ...credentialAttacks,
  ...timingAttacks,
  ...tenantAttacks,
  ...adminAttacks,
  ...laneAttacks,
  ...tokenAttacks,
  ...smugglingAttacks,
  ...twiceAttacks,
  ...spoofingAttacks,
  ...routeAttacks,
  ...jsonAttacks,
  ...patternAttacks,
  ...outboundAttacks,
  ...outboundUrlAttacks,
  ...upstreamAttacks,
  ...upstreamAnswerAttacks,
  ...browserAttacks,
  ...oauthRequestAttacks,
  ...csrfAttacks,
  ...oauthCodeAttacks,
  ...sessionAttacks,
  ...flowAttacks,
  ...logAttacks,
];
