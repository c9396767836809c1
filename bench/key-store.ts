import type * as Package from '../src/index.ts';
import { pem, recordingNamed, testKeys } from '../test/recordings/recordings.ts';

const built: string = '../dist/package/index.js';
const { createDecryptor, createKeyCache }: typeof Package = await import(built);

const card = recordingNamed('java rsa2048-card-number');
const privateKey = testKeys.find(({ keyId }) => keyId === card.keyId)?.privateKeyPkcs8 ?? '';

const seconds = 60;
const newIdsPerSecond = 1_000;
/** How old an id is when it is asked for, in seconds: all before the store may be asked for it again. */
const ages = [0, 7, 14];

/**
 * What unknown key ids cost the store and the memory: for a minute of a clock that the bench sets, 1,000 new
 * ones a second, while a known key decrypts.
 */
export async function benchKeyStore(): Promise<string> {
  let second = 0;
  const requests = { known: 0, unknown: 0, tooEarly: 0 };
  const lastRequest = new Int16Array(seconds * newIdsPerSecond).fill(-100);
  const keyStore: Package.KeyStore = {
    async privateKeys(keyId) {
      if (keyId === card.keyId) {
        requests.known += 1;
        return [pem('PRIVATE KEY', privateKey)];
      }
      const id = Number(keyId.slice(-12));
      requests.unknown += 1;
      if (second - (lastRequest[id] ?? 0) < 15) requests.tooEarly += 1;
      lastRequest[id] = second;
      return [];
    },
  };
  const decryptor = createDecryptor({ keyStore, keyCache: createKeyCache({ now: () => second * 1_000 }) });
  const message = atob(card.ciphertext);
  async function ask(id: number): Promise<void> {
    const keyId = `aaaaaaaa-0000-4000-8000-${String(id).padStart(12, '0')}`;
    const outcome = decryptor.decrypt(btoa(message.replace(card.keyId, keyId)));
    const code = await outcome.then(
      () => 'ok',
      ({ code }: Package.FlowKeysError) => code,
    );
    if (code !== 'unknown_key') throw new Error(`An unknown key id was answered with ${code}.`);
  }

  let calls = 0;
  const heap: string[] = [];
  const started = performance.now();
  for (second = 0; second < seconds; second += 1) {
    for (const age of ages.filter((age) => age <= second)) {
      const first = (second - age) * newIdsPerSecond;
      for (let id = first; id < first + newIdsPerSecond; id += 1) await ask(id);
      calls += newIdsPerSecond;
    }
    await decryptor.decrypt(card.ciphertext);
    if (second % 20 === 19) heap.push(`${heapMegabytes()} MB after ${second + 1} s`);
  }
  const milliseconds = performance.now() - started;

  return `Unknown key ids, 1,000 new ones a second for ${seconds} s of a set clock, each asked for at an age of ${ages.join(', ')} s:
${calls} calls, ${(milliseconds / calls).toFixed(3)} ms each; ${requests.unknown} store requests, ${requests.tooEarly} of them within 15 s of the last for the same id;
${requests.known} store request for the key that decrypted every second; heap ${heap.join(', ')}.
`;
}

function heapMegabytes(): string {
  globalThis.gc?.();
  return (process.memoryUsage().heapUsed / 1e6).toFixed(1);
}
