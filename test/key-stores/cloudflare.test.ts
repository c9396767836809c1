import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bindingsKeyStore, privateKeyBinding } from 'flow-security-keys/stores/bindings';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getPlatformProxy, type PlatformProxy } from 'wrangler';
import { wrangler } from '../../demo/wrangler.ts';
import { pem, testKeys } from '../recordings/recordings.ts';
import { keyStoreContract } from './contract.ts';
import { kvFixture, type WritableNamespace } from './memory.ts';

const [stored, removed] = testKeys;
if (stored === undefined || removed === undefined) throw new Error('There are no two test keys.');

// Bindings of Cloudflare's own local runtime, for Node.
let folder: string;
let platform: PlatformProxy<{ KEYS: WritableNamespace } & Record<string, unknown>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cloudflare-'));
  const secrets = [stored, removed].map(({ keyId }) => ({
    binding: privateKeyBinding(keyId),
    store_id: 'store',
    secret_name: keyId,
  }));
  const configuration = {
    name: 'key-stores',
    compatibility_date: '2026-08-15',
    kv_namespaces: [{ binding: 'KEYS', id: 'keys' }],
    secrets_store_secrets: secrets,
  };
  await writeFile(join(folder, 'wrangler.json'), JSON.stringify(configuration));
  await createSecret(stored.keyId, pem('PRIVATE KEY', stored.privateKeyPkcs8));
  platform = await getPlatformProxy({
    configPath: join(folder, 'wrangler.json'),
    persist: { path: join(folder, 'state', 'v3') },
    remoteBindings: false,
  });
});
afterAll(async () => {
  await platform.dispose();
  await rm(folder, { recursive: true });
});

/** `wrangler secrets-store secret create`, which asks standard input for the secret. */
async function createSecret(name: string, value: string): Promise<void> {
  const args = ['secrets-store', 'secret', 'create', 'store', '--name', name, '--scopes', 'workers'];
  const child = spawn(process.execPath, [wrangler, ...args, '--persist-to', join(folder, 'state')], {
    cwd: folder,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false' },
  });
  child.stdin.end(value);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`wrangler exited with code ${code}.`);
}

keyStoreContract('bindings: KV', () => kvFixture(platform.env.KEYS));

describe('A Secrets Store binding', () => {
  it('returns the private key', async () => {
    const [text = ''] = await bindingsKeyStore(platform.env).privateKeys(stored.keyId, {});
    expect(text.trim()).toBe(pem('PRIVATE KEY', stored.privateKeyPkcs8).trim());
  });

  it('is unavailable when its secret is not in the store, as that is a configuration error', async () => {
    await expect(bindingsKeyStore(platform.env).privateKeys(removed.keyId, {})).rejects.toMatchObject({
      code: 'key_store_unavailable',
      keyId: removed.keyId,
    });
  });
});
