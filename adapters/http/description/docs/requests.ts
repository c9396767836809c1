/** A request to show. Without a body, it is GET and needs no token. */
export interface ShownRequest {
  readonly url: string;
  readonly body: unknown;
}

/** Writes a request in each language of the page. The token comes from an environment variable. */
export const requestIn = {
  curl({ url, body }: ShownRequest): string {
    if (body === undefined) return `curl --fail-with-body ${url}`;
    return `curl --fail-with-body ${url} \\
  -H "authorization: Bearer $FLOW_KEYS_TOKEN" \\
  -H 'content-type: application/json' \\
  -d '${JSON.stringify(body)}'`;
  },

  TypeScript({ url, body }: ShownRequest): string {
    if (body === undefined)
      return `const response = await fetch('${url}');\nconsole.log(response.status, await response.json());`;
    return `const response = await fetch('${url}', {
  method: 'POST',
  headers: {
    authorization: \`Bearer \${process.env['FLOW_KEYS_TOKEN']}\`,
    'content-type': 'application/json',
  },
  body: JSON.stringify(${indent(JSON.stringify(body, null, 2), 2)}),
});
console.log(response.status, await response.json());`;
  },

  Python({ url, body }: ShownRequest): string {
    if (body === undefined) {
      return `import urllib.request\n\nwith urllib.request.urlopen("${url}") as response:\n    print(response.status, response.read().decode())`;
    }
    return `import json, os, urllib.request

request = urllib.request.Request(
    "${url}",
    headers={
        "authorization": f"Bearer {os.environ['FLOW_KEYS_TOKEN']}",
        "content-type": "application/json",
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
