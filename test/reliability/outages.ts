import { SSMClient } from '@aws-sdk/client-ssm';
import { createKeyCache, type KeyCache, type KeyStore } from 'flow-security-keys';
import { ssmKeyStore } from 'flow-security-keys/stores/ssm';
import { describe, expect, it } from 'vitest';
import { awsClientConfiguration } from '../../adapters/stores/aws-client.ts';
import { recordingNamed } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { type Fault, faultControl } from '../support/faulty-proxy.ts';

/** Decrypts one ciphertext through an adapter. Returns the plaintext, or the error's code. */
export type Decrypt = (ciphertext: string) => Promise<string>;

/** An adapter over a key store and a key cache. */
export type MakeService = (keyStore: KeyStore, keyCache: KeyCache) => Decrypt;

const card = recordingNamed('java rsa2048-card-number');
const other = recordingNamed('java rsa4096-card-number');

const seconds = (count: number) => count * 1_000;
// A cached key expires in the middle of every outage.
const ageAtOutage = seconds(299.5);
const lengths = [seconds(1), seconds(30), seconds(400)];
const moments = 3;
const callers = 16;
/** How long Connect waits. */
const deadline = seconds(8);

/**
 * Outages of 1, 30 and 400 seconds on a fake clock, with the product's SSM client. Throughout an outage, 16 callers decrypt
 * at once under a cached key, and two under key ids that are not cached.
 *
 * @param sharesLookups whether concurrent calls share a lookup, which a Worker's requests must not
 */
export function outages(
  runtime: string,
  endpoint: string,
  makeService: MakeService,
  { sharesLookups }: { readonly sharesLookups: boolean },
): void {
  const faults = faultControl(endpoint);

  describe(`During an outage of SSM, ${runtime}`, () => {
    it.for<[Fault, string]>([
      ['reset', 'resets connections'],
      ['throttle', 'throttles'],
      ['slow', 'takes 5 seconds'],
    ])('decrypts under cached keys, and is unavailable for others in time: SSM %s', async ([fault], { annotate }) => {
      const runs = lengths.map((length) => startRun(length, endpoint, makeService));
      await Promise.all(runs.map((run) => run.before()));
      const requestsBefore = await faults.requests();
      await faults.set(fault);
      const counts = await Promise.all(runs.map((run) => run.during()));
      await faults.set('none');
      const requests = (await faults.requests()) - requestsBefore;
      await Promise.all(runs.map((run) => run.after()));

      const cached = counts.flatMap((count) => count.cached);
      const unknown = counts.flatMap((count) => count.unknown);
      const failures = cached.filter((outcome) => outcome !== card.plaintext);
      const slowest = Math.max(...unknown.map(({ milliseconds }) => milliseconds));
      await annotate(
        `${runtime}, SSM ${fault}, outages of 1, 30 and 400 s: ${cached.length} calls under a cached key, failures = ${failures.length}; ` +
          `${unknown.length} calls under unknown keys, the slowest after ${Math.round(slowest)} ms; ${requests} store requests`,
      );
      expect(failures).toEqual([]);
      expect(new Set(unknown.map(({ outcome }) => outcome))).toEqual(new Set(['key_store_unavailable']));
      expect(slowest).toBeLessThan(deadline);
      // At each moment, the cached key is refreshed once (if requests share no lookups, once for each after an idle
      // minute), and each unknown id is looked up. The client tries up to three times.
      const refreshes = sharesLookups ? 1 : callers;
      expect(requests).toBeLessThanOrEqual(3 * moments * lengths.length * (refreshes + 2));
    });
  });
}

function startRun(length: number, endpoint: string, makeService: MakeService) {
  let time = seconds(1_000_000);
  const client = new SSMClient(awsClientConfiguration(awsSettings(endpoint), 'SSM'));
  const decrypt = makeService(ssmKeyStore({ client }), createKeyCache({ now: () => time }));

  return {
    async before(): Promise<void> {
      expect(await decrypt(card.ciphertext)).toBe(card.plaintext);
      time += ageAtOutage;
    },
    async during() {
      const cached: string[] = [];
      const unknown: { outcome: string; milliseconds: number }[] = [];
      for (let moment = 0; moment < moments; moment += 1) {
        time += length / moments;
        const underCached = Array.from({ length: callers }, () => decrypt(card.ciphertext));
        const underUnknown = [timed(decrypt, unknownCiphertext()), timed(decrypt, unknownCiphertext())];
        cached.push(...(await Promise.all(underCached)));
        unknown.push(...(await Promise.all(underUnknown)));
      }
      return { cached, unknown };
    },
    async after(): Promise<void> {
      time += seconds(10);
      expect(await decrypt(unknownCiphertext())).toBe('unknown_key');
      expect(await decrypt(other.ciphertext)).toBe(other.plaintext);
      expect(await decrypt(card.ciphertext)).toBe(card.plaintext);
    },
  };
}

async function timed(decrypt: Decrypt, ciphertext: string) {
  const started = performance.now();
  return { outcome: await decrypt(ciphertext), milliseconds: performance.now() - started };
}

function unknownCiphertext(): string {
  return btoa(atob(card.ciphertext).replace(card.keyId, crypto.randomUUID()));
}
