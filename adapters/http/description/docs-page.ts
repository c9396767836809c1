import { html, raw } from 'hono/html';
import { type ErrorCode, errorCodes } from '../../../src/index.ts';
import { statusOf } from '../problem.ts';
import type { OpenApiDocument, OpenApiOperation } from './openapi.ts';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2733; }
h2 { margin-top: 2.5rem; border-top: 1px solid #ccd5de; padding-top: 1rem; }
code, pre { font: 14px/1.5 ui-monospace, monospace; background: #f2f5f8; border-radius: 4px; }
code { padding: .1em .3em; } pre { padding: 1em; overflow: auto; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .3em .6em; border-bottom: 1px solid #e3e9ef; }
@media (prefers-color-scheme: dark) { body { background: #11171d; color: #dbe3ea; } code, pre { background: #1d262f; } td, th, h2 { border-color: #31404d; } }
`;

/** The service's description as a page of its own: no script, and nothing from elsewhere. */
export function docsPage({ info, paths }: OpenApiDocument, nonce: string) {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method, path, operation)),
  );
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${info.title}</title>
<style nonce="${nonce}">${raw(style)}</style>
</head>
<body>
<h1>${info.title}</h1>
<p>${info.description} The same as data: <a href="openapi.json">openapi.json</a>.</p>
${operations}
<h2 id="errors">Errors</h2>
<p>Every error is <code>application/problem+json</code> (RFC 9457) with a stable <code>code</code>.</p>
<table><tr><th>code</th><th>status</th><th>meaning</th></tr>${Object.entries(errorCodes).map(errorRow)}</table>
</body>
</html>`;
}

function section(method: string, path: string, operation: OpenApiOperation) {
  return html`
<h2 id="${operation.operationId}">${operation.summary}</h2>
<p><code>${method.toUpperCase()} ${path}</code>${operation.security.length > 0 ? ' with a token' : ' without a token'}</p>
<p>${operation.description}</p>
${operation.requestBody && html`<details><summary>Body</summary><pre>${JSON.stringify(operation.requestBody, null, 2)}</pre></details>`}
<details><summary>Answer</summary><pre>${JSON.stringify(operation.responses['200'], null, 2)}</pre></details>
<table><tr><th>status</th><th>meaning</th></tr>${Object.entries(operation.responses).map(
    ([status, { description }]) => html`<tr><td>${status}</td><td>${description.replaceAll('`', '')}</td></tr>`,
  )}</table>`;
}

function errorRow([code, title]: readonly [string, string]) {
  return html`<tr id="${code}"><td><code>${code}</code></td><td>${statusOf[code as ErrorCode]}</td><td>${title}</td></tr>`;
}
