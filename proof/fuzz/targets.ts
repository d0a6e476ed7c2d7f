import type { FuzzTarget } from './target.ts';
import { credentialTargets } from './targets/credentials.ts';
import { documentTargets } from './targets/documents.ts';
import { gatewayTargets } from './targets/gateway.ts';
import { messageTargets } from './targets/messages.ts';
import { principalTargets } from './targets/principals.ts';
import { routeTargets } from './targets/traces-and-routes.ts';
import { intrinsicTargets } from './targets/intrinsics.ts';
import { policyTargets } from './targets/policies.ts';
import { signatureTargets } from './targets/signatures.ts';
import { streamTargets } from './targets/streams.ts';
import { urlTargets } from './targets/urls.ts';

export const targets: readonly FuzzTarget[] = [
  ...credentialTargets,
  ...principalTargets,
  ...messageTargets,
  ...routeTargets,
  ...signatureTargets,
  ...streamTargets,
  ...documentTargets,
  ...intrinsicTargets,
  ...gatewayTargets,
  ...policyTargets,
  ...urlTargets,
];
