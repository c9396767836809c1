import { createDecryptor, createKeyCache, decodeUtf8, type KeyCacheOptions, type KeyStore } from 'flow-security-keys';
import { describe, expect, it, vi } from 'vitest';
import { pem, recordingNamed, testKeys } from './recordings/recordings.ts';

const card = recordingNamed('java rsa2048-card-number');
const seconds = (count: number) => count * 1_000;
const minutes = (count: number) => seconds(60 * count);

const [right = '', wrong = ''] = testKeys.map(({ privateKeyPkcs8 }) => pem('PRIVATE KEY', privateKeyPkcs8));

/** A decryptor over a store and a clock that the test sets, and another one, as another request of a Worker has. */
function setUp(options: KeyCacheOptions = {}) {
  let time = 1_000_000;
  const privateKeys = vi.fn<KeyStore['privateKeys']>(async () => [right]);
  const keyCache = createKeyCache({ now: () => time, ...options });
  const decryptor = createDecryptor({ keyStore: { privateKeys }, keyCache });
  const other = createDecryptor({ keyStore: { privateKeys }, keyCache });
  return {
    privateKeys,
    decryptor,
    other: async () => decodeUtf8((await other.decrypt(card.ciphertext)).plaintext),
    later: (milliseconds: number) => {
      time += milliseconds;
    },
    decrypt: async () => decodeUtf8((await decryptor.decrypt(card.ciphertext)).plaintext),
    /** The error's code. */
    fail: () =>
      decryptor.decrypt(card.ciphertext).then(
        () => 'ok',
        (error: { code: string }) => error.code,
      ),
  };
}

/** The recording under another key id of the same length. */
function renamed(keyId: string): string {
  return btoa(atob(card.ciphertext).replace(card.keyId, keyId));
}

/** The recording with a data key that no private key unwraps. */
function altered(): Uint8Array {
  const bytes = Uint8Array.from(atob(card.ciphertext), (character) => character.charCodeAt(0));
  return bytes.with(250, (bytes[250] ?? 0) ^ 1);
}

describe('A private key in the cache', () => {
  it('is read once in five minutes', async () => {
    const { privateKeys, decrypt, later } = setUp();
    await decrypt();
    later(minutes(5) - 1);
    await decrypt();
    expect(privateKeys).toHaveBeenCalledTimes(1);
    later(1);
    await decrypt();
    expect(privateKeys).toHaveBeenCalledTimes(2);
  });

  it('is refreshed by one of several concurrent calls, even across requests of a Worker', async () => {
    const { privateKeys, decrypt, other, later } = setUp();
    await decrypt();
    later(minutes(5));
    await Promise.all([decrypt(), other(), decrypt(), other()]);
    expect(privateKeys).toHaveBeenCalledTimes(2);
  });

  it('is looked up once by concurrent calls', async () => {
    const { privateKeys, decrypt } = setUp();
    await Promise.all(Array.from({ length: 20 }, decrypt));
    expect(privateKeys).toHaveBeenCalledTimes(1);
  });

  it('is evicted only when others were used more recently', async () => {
    const { privateKeys, decryptor, decrypt } = setUp({ maxKeyIds: 2 });
    const attempt = (keyId: string) => decryptor.decrypt(renamed(keyId)).catch(() => {});
    await decrypt();
    await attempt('aaaaaaaa-0000-4000-8000-000000000001');
    await decrypt();
    await attempt('aaaaaaaa-0000-4000-8000-000000000002');
    await decrypt();
    expect(privateKeys).toHaveBeenCalledTimes(3);
    await attempt('aaaaaaaa-0000-4000-8000-000000000001');
    expect(privateKeys).toHaveBeenCalledTimes(4);
  });

  it('can only unwrap, and cannot be exported', async () => {
    const importKey = vi.spyOn(crypto.subtle, 'importKey');
    await setUp().decrypt();
    const imports = importKey.mock.calls.filter(([format]) => format === 'pkcs8');
    expect(imports.map(([, , , extractable, usages]) => [extractable, usages])).toEqual([[false, ['unwrapKey']]]);
    importKey.mockRestore();
  });

  it('is kept without its PEM text', async () => {
    const keyCache = createKeyCache();
    await createDecryptor({ keyStore: { privateKeys: async () => [right] }, keyCache }).decrypt(card.ciphertext);
    const remembered = JSON.stringify(keyCache.cache.known(card.keyId));
    expect(remembered).toContain('readAt');
    expect(remembered).not.toContain(right.split('\n')[3]);
  });
});

describe('A key id that the store does not know', () => {
  it('is not looked up again for 15 seconds', async () => {
    const { privateKeys, decrypt, fail, later } = setUp();
    privateKeys.mockResolvedValueOnce([]);
    expect(await fail()).toBe('unknown_key');
    later(seconds(15) - 1);
    expect(await fail()).toBe('unknown_key');
    expect(privateKeys).toHaveBeenCalledTimes(1);
    later(1);
    expect(await decrypt()).toBe(card.plaintext);
  });

  it('does not evict cached keys', async () => {
    const { privateKeys, decryptor, decrypt } = setUp({ maxKeyIds: 1, maxAbsentKeyIds: 5 });
    await decrypt();
    privateKeys.mockResolvedValue([]);
    for (let index = 10; index < 30; index += 1) {
      await decryptor.decrypt(renamed(`aaaaaaaa-0000-4000-8000-0000000000${index}`)).catch(() => {});
    }
    expect(await decrypt()).toBe(card.plaintext);
  });
});

describe('The cache of unknown key ids', () => {
  it('is bounded and evicts the oldest first', async () => {
    const { privateKeys, decryptor } = setUp({ maxAbsentKeyIds: 2 });
    privateKeys.mockResolvedValue([]);
    const ask = (id: number) => decryptor.decrypt(renamed(`aaaaaaaa-0000-4000-8000-00000000000${id}`)).catch(() => {});
    for (const id of [1, 2, 3, 3, 2, 1]) await ask(id);
    expect(privateKeys.mock.calls.map(([keyId]) => Number(keyId.at(-1)))).toEqual([1, 2, 3, 1]);
  });
});

describe('A stored text that is not a usable key', () => {
  it('is read again every 15 seconds, not at every call', async () => {
    const { privateKeys, decrypt, fail, later } = setUp();
    privateKeys.mockResolvedValue(['no key']);
    for (let second = 0; second < 30; second += 1) {
      expect(await fail()).toBe('invalid_private_key');
      later(seconds(1));
    }
    expect(privateKeys).toHaveBeenCalledTimes(2);
    privateKeys.mockResolvedValue([right]);
    expect(await decrypt()).toBe(card.plaintext);
  });

  it('fails every call once the key that it replaced has expired', async () => {
    const { privateKeys, decrypt, fail, later } = setUp();
    await decrypt();
    privateKeys.mockResolvedValue(['no key']);
    later(minutes(5));
    for (let second = 0; second < 14; second += 1) {
      expect([await fail(), await fail()]).toEqual(['invalid_private_key', 'invalid_private_key']);
      later(seconds(1));
    }
    expect(privateKeys).toHaveBeenCalledTimes(2);
  });

  it('does not remove the key that it replaced before that expires', async () => {
    const { privateKeys, decryptor, decrypt, fail, later } = setUp();
    await decrypt();
    privateKeys.mockResolvedValue(['no key']);
    later(seconds(10));
    await expect(decryptor.decrypt(altered())).rejects.toMatchObject({ code: 'invalid_private_key' });
    expect(await decrypt()).toBe(card.plaintext);
    later(minutes(5));
    expect(await fail()).toBe('invalid_private_key');
  });
});

describe('While the store is down', () => {
  it.for([1, 30, 400, 3_600])('a cached key is used for %i seconds after its expiry', async (outage) => {
    const { privateKeys, decrypt, later } = setUp();
    await decrypt();
    privateKeys.mockRejectedValue(new Error('down'));
    later(minutes(5) + seconds(outage) - 1);
    expect(await decrypt()).toBe(card.plaintext);
  });

  it('a cached key is used for at most one hour after its expiry', async () => {
    const { privateKeys, decrypt, fail, later } = setUp();
    await decrypt();
    privateKeys.mockRejectedValue(new Error('down'));
    later(minutes(65));
    expect(await fail()).toBe('key_store_unavailable');
  });

  it('the store is asked every ten seconds for an expired key', async () => {
    const { privateKeys, decrypt, later } = setUp();
    await decrypt();
    privateKeys.mockRejectedValue(new Error('down'));
    later(minutes(5));
    for (let second = 0; second < 30; second += 1) {
      await decrypt();
      later(seconds(1));
    }
    expect(privateKeys).toHaveBeenCalledTimes(1 + 3);
  });

  it('a call waits for a slow store until its patience ends, and the late response is cached', async () => {
    const { privateKeys, decrypt, later } = setUp({ refreshPatience: 5 });
    await decrypt();
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    privateKeys.mockReturnValueOnce(promise);
    later(minutes(5));
    expect(await decrypt()).toBe(card.plaintext);
    resolve([right]);
    await promise;
    await vi.waitFor(async () => {
      await decrypt();
      expect(privateKeys).toHaveBeenCalledTimes(2);
    });
  });

  it('a call at its deadline uses the cached key', async () => {
    const { privateKeys, decryptor, decrypt, later } = setUp();
    await decrypt();
    privateKeys.mockReturnValue(new Promise(() => {}));
    later(minutes(5));
    const { plaintext } = await decryptor.decrypt(card.ciphertext, { signal: AbortSignal.timeout(20) });
    expect(decodeUtf8(plaintext)).toBe(card.plaintext);
  });

  it('a message that needs a newer key than the cached one fails as unavailable, not as altered', async () => {
    const { privateKeys, fail, decrypt, later } = setUp();
    privateKeys.mockResolvedValueOnce([wrong]);
    await fail();
    privateKeys.mockRejectedValue(new Error('down'));
    later(seconds(10));
    expect(await fail()).toBe('key_store_unavailable');
    expect(await fail()).toBe('key_store_unavailable');
    expect(privateKeys).toHaveBeenCalledTimes(2);
    privateKeys.mockResolvedValue([right]);
    later(seconds(10));
    expect(await decrypt()).toBe(card.plaintext);
  });

  it('a message that names two keys is decrypted under the one that is cached', async () => {
    const { ciphertext, plaintext } = recordingNamed('java two-data-keys');
    const [first, second] = testKeys;
    const privateKeys: KeyStore['privateKeys'] = async (keyId) => {
      if (keyId === first?.keyId) throw new Error('down');
      return [pem('PRIVATE KEY', second?.privateKeyPkcs8 ?? '')];
    };
    const decrypted = await createDecryptor({ keyStore: { privateKeys }, suites: 'all' }).decrypt(ciphertext);
    expect(decodeUtf8(decrypted.plaintext)).toBe(plaintext);
  });

  it('a key that is not cached is unavailable, not unknown, before the deadline', async () => {
    const { privateKeys, decryptor } = setUp({ lookupPatience: 5 });
    privateKeys.mockReturnValue(new Promise(() => {}));
    const signal = AbortSignal.timeout(20_000);
    await expect(decryptor.decrypt(card.ciphertext, { signal })).rejects.toMatchObject({
      code: 'key_store_unavailable',
      message: expect.stringContaining('5 ms'),
    });
  });
});

describe('When a key was removed from the store', () => {
  it('the key is not used again after the next refresh', async () => {
    const { privateKeys, decrypt, fail, later } = setUp();
    await decrypt();
    privateKeys.mockResolvedValue([]);
    later(minutes(5));
    expect(await fail()).toBe('unknown_key');
    privateKeys.mockRejectedValue(new Error('down'));
    later(seconds(16));
    expect(await fail()).toBe('key_store_unavailable');
  });
});

describe('Concurrent calls after an hour without any', () => {
  it('do not use a key that was removed from the store', async () => {
    const { privateKeys, decrypt, fail, other, later } = setUp();
    await decrypt();
    privateKeys.mockResolvedValue([]);
    later(minutes(64));
    const outcomes = await Promise.all([fail(), other().catch(({ code }) => code), fail()]);
    expect(outcomes).toEqual(['unknown_key', 'unknown_key', 'unknown_key']);
  });
});

describe('A late response', () => {
  it('does not undo a newer one', async () => {
    const { privateKeys, fail, other, decrypt, later } = setUp();
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    privateKeys.mockReturnValueOnce(promise);
    const slow = fail();
    later(1);
    expect(await other()).toBe(card.plaintext);
    resolve([]);
    expect(await slow).toBe('ok');
    expect(await decrypt()).toBe(card.plaintext);
    expect(privateKeys).toHaveBeenCalledTimes(2);
  });
});

describe('When a key was replaced under the same id', () => {
  it('the first message that needs the new one reads the store, at least ten seconds after the last read', async () => {
    const { privateKeys, decrypt, fail, later } = setUp();
    privateKeys.mockResolvedValueOnce([wrong]);
    expect(await fail()).toBe('decryption_failed');
    later(seconds(10) - 1);
    expect(await fail()).toBe('decryption_failed');
    expect(privateKeys).toHaveBeenCalledTimes(1);
    later(1);
    expect(await decrypt()).toBe(card.plaintext);
    expect(privateKeys).toHaveBeenCalledTimes(2);
  });

  it('the old one decrypts earlier messages until it expires', async () => {
    const { privateKeys, decryptor, decrypt, fail, later } = setUp();
    await decrypt();
    privateKeys.mockResolvedValue([wrong]);
    later(seconds(10));
    // A message that neither key decrypts reads the store.
    await expect(decryptor.decrypt(altered())).rejects.toMatchObject({ code: 'decryption_failed' });
    expect(privateKeys).toHaveBeenCalledTimes(2);
    expect(await decrypt()).toBe(card.plaintext);
    later(minutes(5));
    expect(await fail()).toBe('decryption_failed');
  });

  it('the old one decrypts them for as long when it expired just after', async () => {
    const { privateKeys, decrypt, fail, later } = setUp();
    await decrypt();
    later(minutes(5) - 1);
    privateKeys.mockResolvedValue([wrong]);
    later(1);
    expect(await decrypt()).toBe(card.plaintext);
    later(minutes(5) - 1);
    expect(await decrypt()).toBe(card.plaintext);
    later(1);
    expect(await fail()).toBe('decryption_failed');
  });

  it('messages that no key decrypts read the store once in ten seconds', async () => {
    const { privateKeys, fail, later } = setUp();
    privateKeys.mockResolvedValue([wrong]);
    for (let second = 0; second < 30; second += 1) {
      await fail();
      later(seconds(1));
    }
    expect(privateKeys).toHaveBeenCalledTimes(3);
  });
});

describe('A call that is aborted', () => {
  it('does not abort a lookup that others wait for', async () => {
    const { privateKeys, decryptor, decrypt } = setUp();
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    privateKeys.mockReturnValueOnce(promise);
    const caller = new AbortController();
    const first = decryptor.decrypt(card.ciphertext, { signal: caller.signal });
    const second = decrypt();
    caller.abort();
    await expect(first).rejects.toMatchObject({ code: 'deadline_exceeded' });
    resolve([right]);
    expect(await second).toBe(card.plaintext);
    expect(privateKeys).toHaveBeenCalledTimes(1);
  });

  it('aborts the lookup when nobody else waits', async () => {
    const { privateKeys, decryptor, decrypt } = setUp();
    privateKeys.mockReturnValueOnce(new Promise(() => {}));
    const call = decryptor.decrypt(card.ciphertext, { signal: AbortSignal.timeout(20) });
    await expect(call).rejects.toMatchObject({ code: 'deadline_exceeded' });
    expect(privateKeys.mock.calls[0]?.[1].signal?.aborted).toBe(true);
    expect(await decrypt()).toBe(card.plaintext);
  });
});

it('A late response of a store does not undo a newer one', async () => {
  for (const late of [[], [wrong]]) {
    const { privateKeys, decrypt, fail, other, later } = setUp();
    const held = Promise.withResolvers<readonly string[]>();
    privateKeys.mockReturnValueOnce(held.promise);
    const first = fail();
    later(1);
    expect(await other()).toBe(card.plaintext);
    held.resolve(late);
    // The late call returns the newer one, too.
    expect(await first).toBe('ok');
    expect(await decrypt()).toBe(card.plaintext);
    expect(privateKeys).toHaveBeenCalledTimes(2);
  }
});
