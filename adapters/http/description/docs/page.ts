import type { Context } from 'hono';
import { html, raw } from 'hono/html';
import { type ErrorCode, errorCodes } from '../../../../src/index.ts';
import type { AppEnv } from '../../context.ts';
import { statusOf } from '../../problem.ts';
import { hasCallers } from '../../settings.ts';
import { describedOperations, serviceDescription } from '../openapi.ts';
import { linkTo, mountPath, sitePage } from '../site.ts';
import { requestIn, type ShownRequest } from './requests.ts';
import { schemaTables } from './schema-table.ts';
import script from './try-it.ts?browser';

const style = `
@media (min-width: 60rem) { .columns { display: grid; grid-template-columns: 13rem minmax(0, 1fr); gap: 2.5rem; } .columns > nav { position: sticky; top: 1rem; align-self: start; max-height: 95vh; overflow: auto; } }
.columns > nav ul { list-style: none; padding: 0; margin: .5rem 0; } .columns > nav li { padding: .15rem 0; }
section { border-bottom: 1px solid var(--line); padding-bottom: 1.5rem; } section h2 { scroll-margin-top: 1rem; }
.method { font-weight: 700; text-transform: uppercase; } .sample p { display: flex; justify-content: space-between; align-items: center; margin: .8rem 0 0; min-height: 1.9rem; } .sample .copy { padding: .1rem .6rem; font-size: .85rem; }
pre { max-height: 26rem; overflow: auto; } summary { cursor: pointer; padding: .4rem 0; font-weight: 600; }
form textarea { height: 9rem; } label { display: block; font-weight: 600; margin: .6rem 0 .2rem; }
@media (min-width: 40rem) { td:first-child { white-space: nowrap; } }
@media (max-width: 39.99rem) { thead { display: none; } tr { display: block; padding: .4rem 0; border-bottom: 1px solid var(--line); } td { display: inline; border: 0; padding-right: 0; } td:nth-child(2) { color: var(--dim); } }
tr:target { background: var(--warnbg); }
`;

/** The API as a page: examples to copy, schemas, errors, and a form to try each operation. */
export function docsPage(context: Context<AppEnv>) {
  const service = {
    origin: `${new URL(context.req.url).origin}${mountPath(context)}`,
    // In development, the service takes calls without a token.
    asksToken: hasCallers(context.var.settings.authorization),
  };
  const operations = describedOperations();
  return sitePage(context, {
    title: 'API',
    current: '/docs',
    style,
    script,
    body: html`<div class="columns">
<nav aria-label="On this page"><ul><li><a href="#token">Send the token</a></li>${operations.map(
      ({ name, summary }) => html`<li><a href="#${name}">${summary}</a></li>`,
    )}<li><a href="#errors">Errors</a></li></ul></nav>
<div>
<p>${serviceDescription} The same description as data: <a href="${linkTo(context, '/openapi.json')}">openapi.json</a>.</p>
<section><h2 id="token">Send the token</h2>
<p>Send the token in the <code>authorization</code> header: <code>authorization: Bearer YOUR_TOKEN</code>. It is a token whose hash the service has in its settings (<code>flow-keys token</code> creates one), or a JWT from the issuer that it trusts. The examples read it from the environment variable <code>FLOW_KEYS_TOKEN</code>.</p>
<form><label for="bearer">Token for the forms on this page</label><input id="bearer" type="password" autocomplete="off" spellcheck="false"></form>
<p class="dim">The token stays in this page until you leave it. It is sent only to this service.</p>
<div class="buttons" id="languages" role="group" aria-label="Language of the examples" hidden>Examples in ${Object.keys(requestIn).map((language) => html`<button type="button" data-language="${language}">${language}</button>`)}</div></section>
<div id="operations" data-origin="${service.origin}">${operations.map((operation) => section(operation, service))}</div>
<h2 id="errors">Errors</h2>
<p>Every error is <code>application/problem+json</code> (RFC 9457) with a stable <code>code</code>. Its <code>detail</code> says what happened and what to do next.</p>
<table><thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead><tbody>${Object.entries(errorCodes).map(errorRow)}</tbody></table>
</div></div>`,
  });
}

interface Service {
  readonly origin: string;
  readonly asksToken: boolean;
}

type Operation = ReturnType<typeof describedOperations>[number];

function section(operation: Operation, { origin, asksToken }: Service) {
  const { name, method, path, summary, description, request, response, errors } = operation;
  const shown = { url: `${origin}${path}`, body: request?.example };
  return html`
<section aria-labelledby="${name}">
<h2 id="${name}">${summary}</h2>
<p><code><span class="method">${method}</span> ${path}</code> ${request ? html`<a href="#token">with a token</a>` : 'without a token'}</p>
<p>${withCode(description)}</p>
${samples(summary, shown)}
${request && html`<h3>Request</h3>${schemaTables(request.schema)}`}
<h3>Response</h3>${schemaTables(response.schema)}
${sample(summary, 'Example response', JSON.stringify(response.example, null, 2))}
<p>Errors: ${errorLinks(errors)}</p>
<details><summary>Try it</summary><form data-method="${method}" data-path=".${path}"${request && asksToken ? raw(' data-token') : ''}>
${request && html`<label for="try-${name}">Body</label><textarea id="try-${name}" spellcheck="false">${JSON.stringify(request.example, null, 2)}</textarea>`}
<div class="buttons"><button class="main">Send</button><span role="status"></span></div><pre tabindex="0" role="region" aria-label="Response to ${summary}" hidden></pre></form></details>
</section>`;
}

/** Text whose parts in backticks are code, as in the Markdown of /openapi.json. */
function withCode(text: string) {
  return text.split('`').map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`));
}

function samples(summary: string, request: ShownRequest) {
  return Object.entries(requestIn).map(
    ([language, write]) => html`<div data-sample="${language}">${sample(summary, language, write(request))}</div>`,
  );
}

function sample(summary: string, title: string, text: string) {
  return html`<div class="sample"><p><b>${title}</b><button type="button" class="copy" aria-label="Copy ${title}: ${summary}" hidden>Copy</button></p><pre tabindex="0" role="region" aria-label="${title}: ${summary}">${text}</pre></div>`;
}

function errorLinks(codes: readonly ErrorCode[]) {
  return codes.map((code, index) => html`${index === 0 ? '' : ', '}<a href="#${code}">${code}</a>`);
}

function errorRow([code, title]: readonly [string, string]) {
  return html`<tr id="${code}"><td><code>${code}</code></td> <td>${statusOf[code as ErrorCode]}</td> <td>${title}.</td></tr>`;
}
