import { createRemoteJWKSet, customFetch } from 'jose';
import { isWorker } from './runtime.ts';

const timeout = 3_000;
// After a failure the issuer is not asked again for as long.
const coolDown = 5_000;
// A key is under a kilobyte, and an issuer has a handful.
const maxBytes = 65_536;

type KeySet = ReturnType<typeof createRemoteJWKSet>;

// By URL; each keeps its issuer's keys, and looks for new ones when a token names one that it does not have.
const keySets = new Map<string, KeySet>();

/** The keys of an issuer, its JSON Web Key Set (RFC 7517, section 5), fetched when they are needed. */
export function issuerKeys(jwksUrl: string): KeySet {
  const known = keySets.get(jwksUrl);
  if (known !== undefined) return known;
  const keySet = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: timeout, [customFetch]: carefulFetch() });
  keySets.set(jwksUrl, keySet);
  return keySet;
}

/** A fetch that reads a bounded body, waits after a failure, and in a Worker is under way once at a time. */
function carefulFetch(): typeof fetch {
  let failedAt = Number.NEGATIVE_INFINITY;
  let startedAt = Number.NEGATIVE_INFINITY;

  return async (url, init) => {
    if (Date.now() - failedAt < coolDown) throw new Error('The issuer failed a short while ago.');
    // Elsewhere, requests wait for the same answer; a Worker must not await what another request started.
    if (isWorker && Date.now() - startedAt < timeout) throw new Error('The issuer is being asked by another request.');
    startedAt = Date.now();
    try {
      const response = await fetch(url, init);
      const body = await readAtMost(response, maxBytes);
      if (response.status !== 200) failedAt = Date.now();
      return new Response(body, { status: response.status });
    } catch (error) {
      failedAt = Date.now();
      throw error;
    } finally {
      startedAt = Number.NEGATIVE_INFINITY;
    }
  };
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
