const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/gu, (character) => `&#${character.charCodeAt(0)};`);

const STYLE = `
:root{color-scheme:light dark}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;font:16px/1.5 system-ui,sans-serif;background:#eef1f6;color:#16202c}
main{width:min(24rem,calc(100vw - 2rem));padding:2rem;background:#fff;border:1px solid #d9dfe8;border-radius:12px;box-shadow:0 8px 24px #16202c14}
h1{margin:0 0 .25rem;font-size:1.35rem}
p{margin:.25rem 0 1rem;color:#51606f}
label{display:block;margin:1rem 0 .25rem;font-weight:600;font-size:.9rem}
input{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:transparent;border:1px solid #9aa7b5;border-radius:8px}
input:focus-visible,button:focus-visible{outline:3px solid #2563eb66;outline-offset:1px}
button{width:100%;margin-top:1.5rem;padding:.65rem;font:inherit;font-weight:600;color:#fff;background:#1d4ed8;border:0;border-radius:8px;cursor:pointer}
[role=alert]{margin:1rem 0 0;padding:.6rem .8rem;color:#8a1c1c;background:#fdecec;border-radius:8px}
small{display:block;margin-top:1.5rem;color:#51606f}
@media(prefers-color-scheme:dark){body{background:#10161d;color:#e6ebf1}main{background:#18212b;border-color:#2b3846}p,small{color:#9fb0c0}[role=alert]{color:#ffc9c9;background:#4a1f1f}}
`;

/** Nothing but the page's own style and its form; no framing. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const;

const page = (title: string, content: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body><main>${content}</main></body>
</html>
`;

export interface LoginPage {
  readonly uid: string;
  readonly clientName: string;
  readonly username: string;
  readonly message: string | undefined;
}

export const loginPage = ({ uid, clientName, username, message }: LoginPage): string =>
  page(
    'Sign in',
    `<h1>Sign in</h1>
<p>to continue to ${escapeHtml(clientName)}</p>
${message === undefined ? '' : `<div role="alert">${escapeHtml(message)}</div>`}
<form method="post" action="/login?uid=${encodeURIComponent(uid)}">
<label for="username">Username</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" required value="${escapeHtml(username)}"${username === '' ? ' autofocus' : ''}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${username === '' ? '' : ' autofocus'}>
<button type="submit">Sign in</button>
</form>
<small>A user pool on this machine. No AWS account is asked.</small>`,
  );

export const errorPage = (message: string): string =>
  page(
    'Something went wrong',
    `<h1>Something went wrong</h1>
<p>An error was encountered with the requested page.</p>
<div role="alert">${escapeHtml(message)}</div>`,
  );

export const signedOutPage = (): string => page('Signed out', '<h1>You are signed out.</h1>');
