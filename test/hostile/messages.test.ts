import { createDecryptor, createKeyCache, decodeUtf8, inspect, type KeyStore } from 'flow-security-keys';
import { afterEach, expect, it, vi } from 'vitest';
import { pem, testKeyStore, testKeys } from '../recordings/recordings.ts';
import { forge, randomBytes, wrapped, wrappingKeyOf } from './forge.ts';
import { hostileMessages, twoPlaintextsMessage } from './messages.ts';

const [key, other] = testKeys;
if (key === undefined || other === undefined) throw new Error('There are no two test keys.');
const messages = await hostileMessages();

afterEach(() => vi.restoreAllMocks());

it('A forged message decrypts while all of its fields are right', async () => {
  const dataKey = randomBytes(32);
  const encrypted = await wrapped(dataKey, key.keyId, await wrappingKeyOf(key.privateKeyPkcs8));
  for (const version of [1, 2] as const) {
    const bytes = await forge({ version, dataKey, encryptedDataKeys: [encrypted] });
    const { plaintext } = await createDecryptor({ keyStore: testKeyStore }).decrypt(bytes);
    expect(decodeUtf8(plaintext)).toBe('4444444444444444');
    expect(await inspect(bytes)).toMatchObject({ signature: 'valid' });
  }
});

it.for(messages.map((message) => [message.name, message] as const))(
  'A message with %s is refused, and costs no more than it may',
  async ([, { bytes, code, operations }]) => {
    const decryptor = createDecryptor({ keyStore: testKeyStore });
    const unwrapKey = vi.spyOn(crypto.subtle, 'unwrapKey');
    await expect(decryptor.decrypt(bytes)).rejects.toMatchObject({ code });
    expect(unwrapKey.mock.calls.length).toBeLessThanOrEqual(operations);
  },
);

it('A message of suite 0378 can decrypt to two plaintexts, which is why `connect` accepts one data key', async () => {
  const { bytes } = await twoPlaintextsMessage();
  const decryptor = createDecryptor({ keyStore: testKeyStore, suites: 'all' });
  const [one, two] = await Promise.all([key, other].map(({ keyId }) => decryptor.decrypt(bytes, { keyId })));
  expect(decodeUtf8(one?.plaintext.subarray(0, 16) ?? new Uint8Array())).toBe('4111111111111111');
  expect(two?.plaintext).not.toEqual(one?.plaintext);
});

it("With suites: 'all', at most 8 data keys are tried, with at most 3 private keys for a key id", async () => {
  const dataKey = randomBytes(32);
  const publicKey = await wrappingKeyOf(key.privateKeyPkcs8);
  const encrypted = await wrapped(dataKey, key.keyId, publicKey);
  const wrong = { ...encrypted, bytes: new Uint8Array(256) };
  const keys = Array.from({ length: 5 }, () => pem('PRIVATE KEY', key.privateKeyPkcs8)).join('');
  const keyStore: KeyStore = { privateKeys: async () => [keys] };
  const decryptor = createDecryptor({ keyStore, suites: 'all' });
  const unwrapKey = vi.spyOn(crypto.subtle, 'unwrapKey');
  const eight = await forge({ dataKey, encryptedDataKeys: Array.from({ length: 8 }, () => wrong) });
  await expect(decryptor.decrypt(eight)).rejects.toMatchObject({ code: 'decryption_failed' });
  expect(unwrapKey).toHaveBeenCalledTimes(8 * 3);
  const nine = await forge({ dataKey, encryptedDataKeys: Array.from({ length: 9 }, () => encrypted) });
  await expect(decryptor.decrypt(nine)).rejects.toMatchObject({ code: 'unsupported_message' });
  expect(unwrapKey).toHaveBeenCalledTimes(8 * 3);
});

it('After a key was read again, only new private keys are tried', async () => {
  let time = 0;
  const stored = [pem('PRIVATE KEY', other.privateKeyPkcs8)];
  const keyStore: KeyStore = { privateKeys: async () => [...stored] };
  const decryptor = createDecryptor({ keyStore, keyCache: createKeyCache({ now: () => time }) });
  const dataKey = randomBytes(32);
  const publicKey = await wrappingKeyOf(key.privateKeyPkcs8);
  // As long as the modulus of the key that is stored first.
  const bytes = await forge({ dataKey, encryptedDataKeys: [await wrapped(dataKey, key.keyId, publicKey)] });
  await expect(decryptor.decrypt(bytes)).rejects.toMatchObject({ code: 'decryption_failed' });
  time += 10_000;
  stored.unshift(pem('PRIVATE KEY', key.privateKeyPkcs8));
  const unwrapKey = vi.spyOn(crypto.subtle, 'unwrapKey');
  expect(decodeUtf8((await decryptor.decrypt(bytes)).plaintext)).toBe('4444444444444444');
  expect(unwrapKey).toHaveBeenCalledTimes(1);
});

it('The deadline is checked between private keys and between frames', async () => {
  const dataKey = randomBytes(32);
  const publicKey = await wrappingKeyOf(key.privateKeyPkcs8);
  const encrypted = await wrapped(dataKey, key.keyId, publicKey);
  const deadline = new AbortController();
  const { unwrapKey, decrypt } = crypto.subtle;
  const unwraps = vi.spyOn(crypto.subtle, 'unwrapKey').mockImplementation((...args) => {
    deadline.abort();
    return unwrapKey.apply(crypto.subtle, args);
  });
  const decryptor = createDecryptor({ keyStore: testKeyStore, suites: 'all' });
  const wrong = await forge({
    dataKey,
    encryptedDataKeys: Array.from({ length: 8 }, () => ({ ...encrypted, bytes: new Uint8Array(256) })),
  });
  await expect(decryptor.decrypt(wrong, { signal: deadline.signal })).rejects.toMatchObject({
    code: 'deadline_exceeded',
  });
  expect(unwraps).toHaveBeenCalledTimes(1);

  vi.restoreAllMocks();
  const late = new AbortController();
  const decrypts = vi.spyOn(crypto.subtle, 'decrypt').mockImplementation((...args) => {
    // The header's tag, then the first frames.
    if (decrypts.mock.calls.length === 4) late.abort();
    return decrypt.apply(crypto.subtle, args);
  });
  const frames = await forge({ dataKey, encryptedDataKeys: [encrypted], frameLength: 1, frames: [...'4'.repeat(500)] });
  await expect(decryptor.decrypt(frames, { signal: late.signal })).rejects.toMatchObject({ code: 'deadline_exceeded' });
  expect(decrypts.mock.calls.length).toBeLessThanOrEqual(5);
});

it.for([
  ['of another provider', { providerId: 'Elsewhere' }],
  ['whose key id only begins as the one that is asked for', { providerInfo: `${key.keyId}0` }],
] as const)("A data key %s is not unwrapped in the place of the key id's own", async ([, named]) => {
  const dataKey = randomBytes(32);
  const encrypted = await wrapped(dataKey, key.keyId, await wrappingKeyOf(key.privateKeyPkcs8));
  const own = { ...encrypted, bytes: new Uint8Array(256) };
  const bytes = await forge({ dataKey, encryptedDataKeys: [{ ...encrypted, ...named }, own] });
  const decryptor = createDecryptor({ keyStore: testKeyStore, suites: 'all' });
  await expect(decryptor.decrypt(bytes, { keyId: key.keyId })).rejects.toMatchObject({ code: 'decryption_failed' });
});

it('The deadline is checked between the key ids of a message', async () => {
  const deadline = new AbortController();
  const privateKeys = vi.fn(async () => {
    deadline.abort();
    return [];
  });
  const { bytes } = await twoPlaintextsMessage();
  const decryptor = createDecryptor({ keyStore: { privateKeys }, suites: 'all' });
  await expect(decryptor.decrypt(bytes, { signal: deadline.signal })).rejects.toMatchObject({
    code: 'deadline_exceeded',
  });
  expect(privateKeys).toHaveBeenCalledTimes(1);
});
