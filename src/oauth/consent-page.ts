import type { Client } from './clients.ts';
import { escapeHtml, page } from './html.ts';
import { destinationOf, isLoopbackRedirectUri } from './redirect-uri.ts';

export interface ConsentQuestion {
  readonly client: Pick<Client, 'name' | 'claimedName'>;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly resourceName: string;
  /** Absolute: behind a stage prefix a relative one would lead elsewhere. */
  readonly action: string;
  readonly sealedRequest: string;
}

const inWords: Readonly<Record<string, string>> = {
  openid: 'Know which account you have here',
  profile: 'Read your name and profile',
  email: 'Read your e-mail address',
  phone: 'Read your phone number',
};

const scopeInWords = (scope: string, resourceName: string): string =>
  inWords[scope] ??
  (scope.endsWith('/mcp')
    ? `Use the tools of ${resourceName} in your name`
    : `Use the permission “${scope}” in your name`);

const row = (term: string, markup: string): string =>
  `<dt>${escapeHtml(term)}</dt><dd>${markup}</dd>`;

/** Asks a person whether a client may have what it asks for. MCP security best practices, "Confused Deputy". */
export const consentPage = (question: ConsentQuestion): string => {
  const { client, redirectUri, scopes, resourceName } = question;
  const isLocal = isLoopbackRedirectUri(redirectUri);
  const destination = destinationOf(redirectUri);
  const who = client.name ?? (isLocal ? 'An application on this computer' : destination);
  const claim =
    client.claimedName === undefined || client.claimedName === client.name
      ? []
      : [row('It calls itself', `“${escapeHtml(client.claimedName)}”`)];
  const warning = isLocal
    ? '<p class="note">The answer goes to a program on this computer. Allow it only if you have just asked one to connect.</p>'
    : '<p class="note">Allow it only if you have just asked for this, and know where the answer goes.</p>';
  const scopeItems = scopes.map(
    (scope) => `<li>${escapeHtml(scopeInWords(scope, resourceName))}</li>`,
  );
  return page(
    `Allow access to ${resourceName}?`,
    `<dl>
${[
  row('Application', escapeHtml(who)),
  ...claim,
  row('The answer goes to', escapeHtml(destination)),
  row('It will be able to', `<ul>${scopeItems.join('')}</ul>`),
].join('\n')}
</dl>
${warning}
<form method="post" action="${escapeHtml(question.action)}">
<input type="hidden" name="request" value="${escapeHtml(question.sealedRequest)}">
<button type="submit" name="decision" value="deny">Deny</button>
<button type="submit" name="decision" value="allow" class="yes">Allow</button>
</form>`,
  );
};
