import type { CreatedKeyView } from './commands/keys.ts';
import type { RoleChangeView } from './commands/principals.ts';
import { renderFields, renderTable } from './io.ts';
import type {
  IssuedKeyView,
  KeyView,
  PrincipalView,
  RevocationView,
  RotationView,
  TenantChangeView,
  TenantSummaryView,
  TenantView,
} from './views.ts';

/** What a person reads for each command's data. */

const tenantFields = (view: TenantView): string =>
  renderFields({
    tenant: view.tenant,
    name: view.name,
    plan: view.plan,
    status: view.status,
    created: view.createdAt,
    policies: view.policyVersion === undefined ? undefined : `version ${view.policyVersion}`,
    'gateway key': view.apiGatewayKeyId,
  });

/** Of what was asked for again: there is nothing new. */
const isFound = (view: object): boolean => 'created' in view && view.created === false;

export const tenantCreatedText = (view: TenantView): string =>
  [
    isFound(view)
      ? `Tenant ${view.tenant} was created before. Nothing changed.`
      : `Tenant ${view.tenant} created.`,
    '',
    tenantFields(view),
    '',
    `Give it a key: npx drawbridge keys create --tenant ${view.tenant}`,
  ].join('\n');

const rewrittenText = ({ rewrittenKeys }: TenantChangeView): string => {
  if (rewrittenKeys === 0) return '';
  return rewrittenKeys === 1 ? ' 1 key follows.' : ` ${rewrittenKeys} keys follow.`;
};

export const tenantSuspendedText = (view: TenantChangeView): string =>
  view.changed
    ? `Tenant ${view.tenant} is suspended: its calls are refused from now on.${rewrittenText(view)}`
    : `Tenant ${view.tenant} was suspended already.${rewrittenText(view)}`;

export const tenantResumedText = (view: TenantChangeView): string =>
  view.changed
    ? `Tenant ${view.tenant} may call again.${rewrittenText(view)}`
    : `Tenant ${view.tenant} was not suspended.${rewrittenText(view)}`;

export const tenantMovedText = (view: TenantChangeView): string =>
  view.changed
    ? `Tenant ${view.tenant} is on plan ${view.plan}. Cached answers have the plan from before until they end.${rewrittenText(view)}`
    : `Tenant ${view.tenant} was on plan ${view.plan} already.${rewrittenText(view)}`;

export const tenantRenamedText = (view: TenantChangeView): string =>
  view.changed
    ? `Tenant ${view.tenant} is named "${view.name}" now.`
    : `Tenant ${view.tenant} is named so already.`;

export const tenantText = (view: TenantSummaryView): string =>
  [
    tenantFields(view),
    renderFields({ 'keys       ': `${view.keyCount} (${view.activeKeyCount} active)` }),
  ].join('\n');

export const tenantListText = (tenants: readonly TenantView[]): string =>
  tenants.length === 0
    ? 'No tenants yet. Add one: npx drawbridge tenants create <id> --plan <plan>'
    : renderTable(
        ['TENANT', 'NAME', 'PLAN', 'STATUS', 'CREATED'],
        tenants.map((view) => [view.tenant, view.name, view.plan, view.status, view.createdAt]),
      );

const keyFields = (view: Omit<KeyView, 'status'> & Partial<Pick<KeyView, 'status'>>): string =>
  renderFields({
    'key id': view.keyId,
    tenant: view.tenant,
    name: view.name,
    role: view.role,
    plan: view.plan,
    status: view.suspended === true ? `${view.status}, tenant suspended` : view.status,
    created: view.createdAt,
    expires: view.expiresAt ?? 'never',
    networks: view.cidrs?.join(', ') ?? 'any',
    revoked: view.revokedAt,
    'replaced by': view.replacedBy,
  });

const shownOnce = (view: IssuedKeyView): string =>
  ['', `  ${view.key}`, '', 'Shown once: store it now.', '', keyFields(view)].join('\n');

export const keyCreatedText = (view: CreatedKeyView): string =>
  'key' in view
    ? [`Key created for tenant ${view.tenant}:`, shownOnce(view)].join('\n')
    : [
        `Key ${view.keyId} was created before. It was shown then, and cannot be shown again.`,
        '',
        keyFields(view),
        '',
        `If it was lost: npx drawbridge keys rotate ${view.keyId} --grace 0`,
      ].join('\n');

export const keyUpdatedText = (view: KeyView): string =>
  [`Key ${view.keyId} changed.`, '', keyFields(view)].join('\n');

export const keyRotatedText = (view: RotationView): string => {
  const { keyId, status, expiresAt = '' } = view.replaces;
  const fate = {
    active: `still works until ${expiresAt}`,
    expired: `expired at ${expiresAt}`,
    revoked: 'is revoked',
  }[status];
  return [`Key ${keyId} ${fate}. It is replaced by:`, shownOnce(view)].join('\n');
};

export const keyText = (view: KeyView): string => keyFields(view);

export const keyListText =
  (tenant: string) =>
  (keys: readonly KeyView[]): string =>
    keys.length === 0
      ? `Tenant ${tenant} has no keys yet. Add one: npx drawbridge keys create --tenant ${tenant}`
      : renderTable(
          ['KEY ID', 'NAME', 'ROLE', 'STATUS', 'CREATED', 'EXPIRES', 'NETWORKS'],
          keys.map((view) => [
            view.keyId,
            view.name,
            view.role,
            view.replacedBy !== undefined && view.status === 'active' ? 'replaced' : view.status,
            view.createdAt,
            view.expiresAt ?? 'never',
            view.cidrs?.join(', ') ?? 'any',
          ]),
        );

export const keyRevokedText = (view: RevocationView): string =>
  view.alreadyRevoked
    ? `Key ${view.keyId} was revoked already, at ${view.revokedAt ?? 'an unknown time'}. Nothing changed.`
    : `Key ${view.keyId} ("${view.name}") of tenant ${view.tenant} is revoked: its next call is refused.`;

const principalFields = (view: PrincipalView): string =>
  renderFields({ arn: view.arn, tenant: view.tenant, role: view.role, created: view.createdAt });

export const principalAddedText = (view: PrincipalView): string =>
  [
    isFound(view)
      ? `${view.arn} was added to tenant ${view.tenant} before. Nothing changed.`
      : `${view.arn} may call as tenant ${view.tenant}.`,
    '',
    principalFields(view),
    '',
    'It signs its requests to POST /ci/mcp, and its IAM policy must allow execute-api:Invoke there.',
  ].join('\n');

export const principalText = (view: PrincipalView): string => principalFields(view);

export const principalListText = (principals: readonly PrincipalView[]): string =>
  principals.length === 0
    ? 'No principals yet. Add one: npx drawbridge principals add --arn <role> --tenant <id>'
    : renderTable(
        ['ARN', 'TENANT', 'ROLE', 'CREATED'],
        principals.map((view) => [view.arn, view.tenant, view.role, view.createdAt]),
      );

export const principalRemovedText = (view: PrincipalView): string =>
  `${view.arn} is no longer a principal of tenant ${view.tenant}: its next call is refused.`;

export const principalRoleText = (view: RoleChangeView): string =>
  view.changed
    ? `${view.arn} has the role ${view.role}. Warm functions may know it by the role from before for 30 seconds.`
    : `${view.arn} had the role ${view.role} already.`;
