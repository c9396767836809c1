import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Package from '../../src/index.ts';
import { articleRecording, isUnsigned, pem, recordingNamed, recordings, testKeys } from '../recordings/recordings.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { blockOf, flowOfTwoWays } from '../support/flows.ts';
import { startWorkerd } from '../support/workerd.ts';

describe.skipIf(!hasChromium())('In Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  /** A page of the Worker; `close` asserts that it complained of nothing, and asked for nothing but itself. */
  async function opened(path: string) {
    const service = await startWorkerd({});
    const page = await browser.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${service.origin}${path}`);
    async function close(): Promise<void> {
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.endsWith('/favicon.ico'))).toEqual([`${service.origin}${path}`]);
      await page.close();
      await service.stop();
    }
    return { page, close };
  }

  it('the inspector page reads what is pasted, and sends it nowhere', async () => {
    const { page, close } = await opened('/');

    await page.locator('textarea').fill(articleRecording.ciphertext);
    const output = page.locator('output');
    await output.getByText('valid', { exact: true }).waitFor();
    expect(await output.textContent()).toContain(`${articleRecording.keyId} (provider AmazonConnect, RSA-`);

    await page.locator('textarea').fill('Timeout');
    await output.getByText('no_caller_input').waitFor();
    const altered = articleRecording.ciphertext.replace(/.{4}$/, 'AAAA');
    await page.locator('textarea').fill(altered);
    await output
      .getByText(/invalid|malformed_ciphertext/)
      .first()
      .waitFor();

    await close();
  });

  it('the flow page checks what is pasted, and sends it nowhere', async () => {
    const { page, close } = await opened('/flow');

    const [key] = testKeys;
    const flow = flowOfTwoWays(pem('CERTIFICATE', key?.certificate ?? ''));
    const output = page.locator('output');
    await page.locator('textarea').fill(JSON.stringify({ ContactFlow: { Content: JSON.stringify(flow) } }));
    await output.getByText('No findings').waitFor();

    blockOf(flow, 'Decrypt last').Parameters['InvocationTimeLimitSeconds'] = 9;
    blockOf(flow, 'Decrypt last').Parameters['Note'] = '<img src="/leak" onerror="fetch(`/leak`)">';
    await page.locator('textarea').fill(JSON.stringify(flow));
    await output.getByText('error: lambda_limit').waitFor();
    expect(await output.textContent()).toContain('Way: Logging off > Recording off > Menu > Card last');

    await page.locator('textarea').fill('{');
    await output.getByText('invalid_flow').waitFor();

    await close();
  });

  it('the core decrypts every recording', async () => {
    const page = await browser.newPage();
    const html = '<!doctype html><script type="module">import * as core from "/index.js"; window.core = core;</script>';
    await page.route('http://localhost/**', async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: html });
      const file = fileURLToPath(new URL(`../../dist/package${pathname}`, import.meta.url));
      return route.fulfill({ contentType: 'text/javascript', body: await readFile(file, 'utf8') });
    });
    await page.goto('http://localhost/', { waitUntil: 'load' });
    const keys = testKeys.map(({ keyId, privateKeyPkcs8 }) => [keyId, pem('PRIVATE KEY', privateKeyPkcs8)] as const);
    const decrypted = await page.evaluate(
      async ({ keys, ciphertexts }) => {
        const { createDecryptor, decodeUtf8 } = (globalThis as unknown as { core: typeof Package }).core;
        const pems = new Map(keys);
        const keyStore = { privateKeys: async (keyId: string) => [pems.get(keyId) ?? ''] };
        const decryptor = createDecryptor({ keyStore, suites: 'all' });
        return Promise.all(
          ciphertexts.map(async (ciphertext) => decodeUtf8((await decryptor.decrypt(ciphertext)).plaintext)),
        );
      },
      { keys, ciphertexts: recordings.map(({ ciphertext }) => ciphertext) },
    );
    expect(decrypted).toEqual(recordings.map(({ plaintext }) => plaintext));
    expect(recordings.some(isUnsigned)).toBe(true);
    expect(decrypted).toContain(recordingNamed('java rsa4096-card-number').plaintext);
    await page.close();
  });
});
