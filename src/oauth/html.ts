import { createHash } from 'node:crypto';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Fit for text and for a quoted attribute. Bidirectional controls, which reorder what a person reads, are dropped. */
export const escapeHtml = (text: string): string =>
  text
    .replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ')
    .replace(/[&<>"']/gu, (char) => entities[char] ?? '');

const style = `
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--paper:#fff;--ground:#f3f5f7;--line:#d5dae0;--act:#0b5cad;--on:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e8ebee;--soft:#a3adb8;--paper:#1b2027;--ground:#11151a;--line:#39424d;--act:#7ab8ff;--on:#0b1a2b}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:28rem;padding:1.5rem;background:var(--paper);border:1px solid var(--line);border-radius:.75rem;overflow-wrap:anywhere}
h1{margin:0 0 1rem;font-size:1.3rem;line-height:1.3}
p{margin:0 0 1rem}
dl{margin:0 0 1rem}dt{color:var(--soft);font-size:.875rem}dd{margin:0 0 .75rem;font-weight:600}
ul{margin:0;padding-left:1.1rem}
.note{padding:.75rem;border:1px solid var(--line);border-radius:.5rem;color:var(--soft);font-size:.875rem}
form{display:flex;flex-wrap:wrap;gap:.75rem}
button{flex:1 1 8rem;min-height:2.75rem;padding:.5rem 1rem;border:1px solid var(--act);border-radius:.5rem;background:transparent;color:var(--act);font:inherit;font-weight:600;cursor:pointer}
button.yes{background:var(--act);color:var(--on)}
button:focus-visible{outline:3px solid var(--act);outline-offset:2px}
`;

const styleHash = createHash('sha256').update(style).digest('base64');

/**
 * For a page that runs no script and loads nothing. `form-action` is left out on purpose: Chromium applies it to every
 * redirect that follows a form, and the hops behind the pool (its identity providers, the client's own) are not known
 * here. What it would stop, an injected form, needs markup that `escapeHtml` does not let through.
 */
export const pageHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; frame-ancestors 'none'`,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** A page around `main`, which is markup; `title` is text. */
export const page = (title: string, main: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
</body>
</html>
`;

export const errorPage = (message: string): string =>
  page(
    'This did not work',
    `<p>${escapeHtml(message)}</p>\n<p class="note">Nothing was allowed. You can close this window, and start again in the application.</p>`,
  );
