import type { Context } from 'hono';
import { html } from 'hono/html';
import { type ErrorCode, errorCodes } from '../../../src/index.ts';
import type { AppEnv } from '../context.ts';
import { statusOf } from '../problem.ts';
import type { OpenApiDocument, OpenApiOperation } from './openapi.ts';
import { linkTo, sitePage } from './site.ts';

/** The description of the service as a page. */
export function docsPage(context: Context<AppEnv>, { info, paths }: OpenApiDocument) {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method, path, operation)),
  );
  return sitePage(context, {
    title: 'API',
    current: '/docs',
    body: html`<p>${info.description} The same as data: <a href="${linkTo(context, '/openapi.json')}">openapi.json</a>.</p>
${operations}
<h2 id="errors">Errors</h2>
<p>Every error is <code>application/problem+json</code> (RFC 9457) with a stable <code>code</code>.</p>
<table><tr><th>code</th><th>status</th><th>meaning</th></tr>${Object.entries(errorCodes).map(errorRow)}</table>`,
  });
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
