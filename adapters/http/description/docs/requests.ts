/** A request to show: `body` is absent for GET. */
export interface ShownRequest {
  readonly method: string;
  readonly url: string;
  readonly needsToken: boolean;
  readonly body?: unknown;
}

/** The same request in each language that the page shows. The token comes from an environment variable. */
export const requestIn = {
  curl({ url, needsToken, body }: ShownRequest): string {
    return [
      `curl --fail-with-body ${url}`,
      ...(needsToken ? ['-H "authorization: Bearer $FLOW_KEYS_TOKEN"'] : []),
      ...(body === undefined ? [] : ["-H 'content-type: application/json'", `-d '${JSON.stringify(body)}'`]),
    ].join(' \\\n  ');
  },

  TypeScript({ method, url, needsToken, body }: ShownRequest): string {
    if (body === undefined)
      return `const response = await fetch('${url}');\nconsole.log(response.status, await response.json());`;
    return `const response = await fetch('${url}', {
  method: '${method.toUpperCase()}',
  headers: {
${needsToken ? `    authorization: \`Bearer \${process.env['FLOW_KEYS_TOKEN']}\`,\n` : ''}    'content-type': 'application/json',
  },
  body: JSON.stringify(${indent(JSON.stringify(body, null, 2), 2)}),
});
console.log(response.status, await response.json());`;
  },

  Python({ url, needsToken, body }: ShownRequest): string {
    if (body === undefined) {
      return `import urllib.request\n\nwith urllib.request.urlopen("${url}") as response:\n    print(response.status, response.read().decode())`;
    }
    return `import json, os, urllib.request

request = urllib.request.Request(
    "${url}",
    headers={
${needsToken ? '        "authorization": f"Bearer {os.environ[\'FLOW_KEYS_TOKEN\']}",\n' : ''}        "content-type": "application/json",
    },
    data=json.dumps(${indent(JSON.stringify(body, null, 4), 4)}).encode(),
)
with urllib.request.urlopen(request) as response:
    print(response.status, response.read().decode())`;
  },
} as const satisfies Record<string, (request: ShownRequest) => string>;

function indent(text: string, spaces: number): string {
  return text.replaceAll('\n', `\n${' '.repeat(spaces)}`);
}
