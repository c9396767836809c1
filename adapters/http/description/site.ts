import type { Context } from 'hono';
import { html, raw } from 'hono/html';
import { basePath } from 'hono/route';
import type { AppEnv } from '../context.ts';

type Html = ReturnType<typeof html>;

/** The paths of the pages, under the path where the app is mounted. */
const pages = { '/': 'Inspector', '/flow': 'Flow check', '/docs': 'API' } as const;

export type PagePath = keyof typeof pages;

export interface PageContent {
  readonly title: string;
  /** The entry of this page in the navigation. */
  readonly current?: PagePath;
  readonly style?: string;
  readonly script?: string;
  readonly body: Html;
}

// All text has a contrast of at least 4.5 to its background, in both modes.
const style = `
:root { color-scheme: light dark; --bg: #fff; --fg: #1c2733; --dim: #55636f; --line: #ccd5de; --panel: #f3f6f9; --link: #0b57b0; --good: #0a6b35; --goodbg: #e4f5ea; --warn: #7a4b00; --warnbg: #fff3dc; --bad: #a8201a; --badbg: #fdeae8; --button: #0b57b0; --onbutton: #fff; }
@media (prefers-color-scheme: dark) { :root { --bg: #11171d; --fg: #dfe6ec; --dim: #a3b1bd; --line: #3a4855; --panel: #1a222a; --link: #8fc1ff; --good: #7fdca0; --goodbg: #123021; --warn: #ffca7a; --warnbg: #33270f; --bad: #ff9d94; --badbg: #3a1917; --button: #8fc1ff; --onbutton: #0d1319; } }
*, ::before, ::after { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0; background: var(--bg); color: var(--fg); }
header, main { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; align-items: center; padding-block: .8rem; border-bottom: 1px solid var(--line); }
header b { margin-right: auto; } header nav { display: flex; gap: 1.2rem; }
main { padding-bottom: 4rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 1.6rem 0 .6rem; } h2 { font-size: 1.3rem; margin: 2rem 0 .6rem; } h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
a { color: var(--link); } nav a[aria-current] { color: var(--fg); font-weight: 600; text-decoration: none; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .4rem; background: var(--bg); padding: .4rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
code, pre, textarea, input { font: 14px/1.5 ui-monospace, monospace; }
code { background: var(--panel); padding: .1em .3em; border-radius: 4px; overflow-wrap: anywhere; }
pre { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .8rem; margin: .5rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
textarea, input { width: 100%; color: inherit; background: var(--panel); border: 1px solid var(--dim); border-radius: 6px; padding: .6rem; }
button { font: inherit; padding: .3rem .9rem; border: 1px solid var(--button); border-radius: 6px; background: none; color: var(--link); cursor: pointer; }
button.main, button[aria-pressed=true] { background: var(--button); color: var(--onbutton); } button:disabled { opacity: .5; cursor: default; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--dim); font-weight: 600; } .dim { color: var(--dim); }
.buttons { display: flex; flex-wrap: wrap; gap: .6rem; margin: .7rem 0; align-items: center; }
`;

/** Writes a page of the service, with the navigation that all pages share. The page loads nothing else. */
export function sitePage(context: Context<AppEnv>, { title, current, style: own = '', script, body }: PageContent) {
  const nonce = context.var.secureHeadersNonce ?? '';
  const links = Object.entries(pages).map(
    ([path, name]) =>
      html`<a href="${linkTo(context, path)}"${path === current ? raw(' aria-current="page"') : ''}>${name}</a>`,
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · flow-security-keys</title>
<style nonce="${nonce}">${raw(style + own)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><b>flow-security-keys</b><nav aria-label="Pages">${links}</nav></header>
<main id="main" tabindex="-1">
<h1>${title}</h1>
${body}
</main>
${script === undefined ? '' : html`<script type="module" nonce="${nonce}">${raw(script)}</script>`}
</body>
</html>`;
}

/** The path where the app is mounted, without a slash at its end; empty if it is not mounted. */
export function mountPath(context: Context): string {
  return basePath(context).replace(/\/+$/, '');
}

/** A link to a path of the app. It is relative, so that it also works behind a proxy that strips a prefix. */
export function linkTo(context: Context, path: string): string {
  const mounted = mountPath(context);
  const up = '../'.repeat(context.req.path.split('/').length - 2);
  // Hono serves the first page of an app mounted at /keys at /keys, not at /keys/.
  const target = path === '/' && mounted !== '' ? mounted : `${mounted}${path}`;
  return `${up || './'}${target.slice(1)}`;
}

/** The page that a browser gets, while other clients get problem details with `not_found`. */
export function notFoundPage(context: Context<AppEnv>) {
  return sitePage(context, {
    title: 'Page not found',
    body: html`<p>There is no page at <code>${context.req.path}</code>. Check the address, or use one of these:</p>
<ul><li><a href="${linkTo(context, '/')}">Inspect a ciphertext</a></li><li><a href="${linkTo(context, '/flow')}">Check a contact flow</a></li><li><a href="${linkTo(context, '/docs')}">Read the API documentation</a></li></ul>`,
  });
}
