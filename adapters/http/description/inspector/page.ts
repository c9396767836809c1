import type { Context } from 'hono';
import { html } from 'hono/html';
import type { AppEnv } from '../../context.ts';
import { exampleCiphertext } from '../example.ts';
import { sitePage } from '../site.ts';
import script from './inspector.ts?browser';

// A hue for each part. Text and background swap their lightness between the modes.
const hues = {
  header: 210,
  'message-id': 280,
  context: 160,
  'data-keys': 25,
  format: 50,
  authentication: 320,
  body: 95,
  signature: 240,
};
const colours = (text: string, background: string) =>
  Object.entries(hues)
    .map(([name, hue]) => `.part-${name} { color: hsl(${hue} ${text}); background: hsl(${hue} ${background}); }`)
    .join('\n');

const style = `
textarea { height: 10rem; }
#verdict { display: block; } #verdict:not(:empty) { border-left: 6px solid; border-radius: 6px; padding: .8rem 1rem; margin: 1rem 0; }
#verdict h2, #verdict p { margin: 0 0 .4rem; } #verdict > :not(h2) { color: var(--fg); }
#verdict.good { color: var(--good); background: var(--goodbg); } #verdict.warn { color: var(--warn); background: var(--warnbg); } #verdict.bad { color: var(--bad); background: var(--badbg); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; } dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
.halves { display: grid; align-items: start; gap: 0 1.5rem; } @media (min-width: 60rem) { .halves { grid-template-columns: 1fr 1fr; } }
#coloured { overflow-wrap: anywhere; white-space: pre-wrap; } #parts { list-style: none; padding: 0; margin: .5rem 0; } #parts li { padding: .3rem 0; overflow-wrap: anywhere; } #parts b { padding: .1rem .4rem; border-radius: 4px; }
.part-unread { color: var(--bad); background: var(--badbg); }
${colours('90% 20%', '70% 90%')}
@media (prefers-color-scheme: dark) { ${colours('80% 85%', '45% 20%')} }
`;

/** Writes the page that reads a ciphertext in the browser, without a key and without sending it anywhere. */
export function inspectorPage(context: Context<AppEnv>) {
  return sitePage(context, {
    title: 'Inspect a ciphertext',
    current: '/',
    style,
    script,
    body: html`<p>Paste what Amazon Connect stored as <code>$.StoredCustomerInput</code>, or a whole event or log line that contains it. Your browser reads it without a key and sends it nowhere.</p>
<textarea aria-label="Ciphertext" spellcheck="false" autocomplete="off" placeholder="AYAD…" data-example="${exampleCiphertext}"></textarea>
<div class="buttons"><button type="button" id="example">Load an example</button><button type="button" id="clear">Clear</button><button type="button" id="share" hidden>Copy a link to this verdict</button><span id="shared" role="status"></span></div>
<output id="verdict" aria-live="polite"></output>
<section id="message" aria-label="Parts of the message" hidden><h2>Parts of the message</h2><div class="halves"><pre id="coloured"></pre><ul id="parts"></ul></div></section>`,
  });
}
