import type { Context } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../../context.ts';
import { sitePage } from '../site.ts';
import script from './check-in-browser.ts?browser';

const style = `
textarea { height: 16rem; }
output p { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: 0; padding: .6rem 0; border-bottom: 1px solid var(--line); }
output b { flex: 0 0 18rem; overflow-wrap: anywhere; } output span { flex: 1 1 18rem; overflow-wrap: anywhere; white-space: pre-line; }
output .error b { color: var(--bad); } output .warning b { color: var(--warn); }
`;

/** A page that checks a contact flow in the browser, without sending it anywhere. */
export function flowPage(context: Context<AppEnv>) {
  return sitePage(context, {
    title: 'Check a contact flow',
    current: '/flow',
    style,
    script,
    body: html`<p>Paste an exported flow or the output of <code>aws connect describe-contact-flow</code>. Your browser checks it and sends it nowhere.</p>
<textarea aria-label="Flow" spellcheck="false" autocomplete="off" placeholder="{ &quot;StartAction&quot;: …"></textarea>
<output aria-live="polite"></output>`,
  });
}
