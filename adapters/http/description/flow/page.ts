import { html, raw } from 'hono/html';
import script from './check-in-browser.ts?browser';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
textarea { box-sizing: border-box; width: 100%; height: 16rem; font: 14px/1.4 ui-monospace, monospace; padding: .6rem; }
output p { display: flex; gap: 1rem; margin: 0; padding: .6rem 0; border-bottom: 1px solid #e3e9ef; }
output b { flex: 0 0 18rem; overflow-wrap: anywhere; } output span { overflow-wrap: anywhere; white-space: pre-line; }
output .error b { color: #b3261e; } output .warning b { color: #8a5300; }
@media (prefers-color-scheme: dark) {
  body, textarea { background: #11171d; color: #dbe3ea; } output p { border-color: #31404d; }
  output .error b { color: #ff8a80; } output .warning b { color: #ffc46b; }
}
`;

/** A page that checks a contact flow in the browser, without sending it anywhere. */
export function flowPage(nonce: string) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Check a contact flow</title>
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<h1>Check a contact flow</h1>
<p>Paste an exported flow, or what <code>aws connect describe-contact-flow</code> prints. It is checked in this page, and sent nowhere.</p>
<textarea aria-label="Flow" spellcheck="false" autocomplete="off" placeholder="{ &quot;StartAction&quot;: …"></textarea>
<output aria-live="polite"></output>
<p><a href="./">Inspect a ciphertext</a> · <a href="docs">The service's routes</a></p>
<script type="module" nonce="${nonce}">${raw(script)}</script>
</body>
</html>`;
}
