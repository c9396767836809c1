import { createRemoteJWKSet, customFetch } from 'jose';
import { isWorker } from './runtime.ts';

const timeout = 3_000;
// How long to wait after a failure before asking the issuer again.
const coolDown = 5_000;
// A key is under a kilobyte, and an issuer has a handful.
const maxBytes = 65_536;

type KeySet = ReturnType<typeof createRemoteJWKSet>;

// By URL. Each caches the keys of its issuer, and fetches them again for a token with an unknown key.
const keySets = new Map<string, KeySet>();

/** The JSON Web Key Set of an issuer (RFC 7517, section 5), fetched when it is needed. */
export function issuerKeys(jwksUrl: string): KeySet {
  const known = keySets.get(jwksUrl);
  if (known !== undefined) return known;
  const keySet = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: timeout, [customFetch]: carefulFetch() });
  keySets.set(jwksUrl, keySet);
  return keySet;
}

/** A fetch that reads a bounded body and pauses after a failure. In a Worker, only one is in flight at a time. */
function carefulFetch(): typeof fetch {
  let failedAt = Number.NEGATIVE_INFINITY;
  let startedAt = Number.NEGATIVE_INFINITY;
  let fetched: { readonly keys: Blob; readonly at: number } | undefined;

  return async (url, init) => {
    // On other runtimes, requests await the same fetch. A request in a Worker must not await what another request
    // started, so it polls.
    const arrivedAt = Date.now();
    while (isWorker && Date.now() - startedAt < timeout && !init?.signal?.aborted) await sleep(25);
    if (fetched !== undefined && fetched.at > arrivedAt) return new Response(fetched.keys);
    if (Date.now() - failedAt < coolDown) throw new Error('The issuer failed recently.');
    startedAt = Date.now();
    try {
      const response = await fetch(url, init);
      const keys = await readAtMost(response, maxBytes);
      if (response.status === 200) fetched = { keys, at: Date.now() };
      else failedAt = Date.now();
      return new Response(keys, { status: response.status });
    } catch (error) {
      failedAt = Date.now();
      throw error;
    } finally {
      startedAt = Number.NEGATIVE_INFINITY;
    }
  };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function readAtMost({ body }: Response, limit: number): Promise<Blob> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > limit) throw new Error(`The issuer's keys are larger than ${limit} bytes.`);
    chunks.push(new Uint8Array(chunk));
  }
  return new Blob(chunks);
}
