import { html, raw } from 'hono/html';
import script from './inspector.ts?browser';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
textarea { box-sizing: border-box; width: 100%; height: 12rem; font: 14px/1.4 ui-monospace, monospace; padding: .6rem; }
output p { display: flex; gap: 1rem; margin: 0; padding: .4rem 0; border-bottom: 1px solid #e3e9ef; }
output b { flex: 0 0 14rem; } output span { overflow-wrap: anywhere; font: 14px/1.7 ui-monospace, monospace; }
@media (prefers-color-scheme: dark) { body, textarea { background: #11171d; color: #dbe3ea; } output p { border-color: #31404d; } }
`;

/** A page that reads a ciphertext in the browser, without a key and without sending it anywhere. */
export function inspectorPage(nonce: string) {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inspect a ciphertext</title>
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<h1>Inspect a ciphertext</h1>
<p>Paste what Connect stored as <code>$.StoredCustomerInput</code>. It is read in this page, and sent nowhere; reading it needs no key.</p>
<textarea aria-label="Ciphertext" spellcheck="false" autocomplete="off" placeholder="AYAD…"></textarea>
<output aria-live="polite"></output>
<p><a href="flow">Check a contact flow</a> · <a href="docs">The service's routes</a></p>
<script type="module" nonce="${nonce}">${raw(script)}</script>
</body>
</html>`;
}
