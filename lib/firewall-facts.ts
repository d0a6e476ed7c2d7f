import type { DeploymentDocument } from '../src/admin/deployment-document.ts';
import type { WafConfig } from './waf-config.ts';

/** More would not fit into the parameter beside the rest. */
const mostRanges = 30;

/** What operators can be told of the firewall without traffic. */
export const firewallFacts = ({
  maxBodyBytes,
  ipSets: { deny, ci },
}: WafConfig): NonNullable<DeploymentDocument['firewall']> => ({
  maxBodyBytes,
  ...(deny.length > mostRanges ? {} : { deny }),
  ...(ci.length > mostRanges ? {} : { ci }),
});
