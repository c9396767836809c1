import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Package from '../../src/index.ts';
import { articleRecording, isUnsigned, pem, recordingNamed, recordings, testKeys } from '../recordings/recordings.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { blockOf, flowOfTwoWays } from '../support/flows.ts';
import { sha256Hex } from '../support/sha256.ts';
import { startWorkerd } from '../support/workerd.ts';

describe.skipIf(!hasChromium())('In Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  /** A page of the Worker; `close` asserts that it logged no error and requested nothing else. */
  async function opened(path: string, bindings: Record<string, string> = {}, alsoRequested: readonly string[] = []) {
    const service = await startWorkerd(bindings);
    const page = await browser.newPage();
    const requests: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${service.origin}${path}`);
    async function close(): Promise<void> {
      expect(complaints).toEqual([]);
      expect(requests.filter((url) => !url.endsWith('/favicon.ico'))).toEqual(
        [path, ...alsoRequested].map((requested) => `${service.origin}${requested}`),
      );
      await page.close();
      await service.stop();
    }
    return { page, close };
  }

  it('the inspector page reads what is pasted, and does not send it', async () => {
    const { page, close } = await opened('/');

    await page.locator('textarea').fill(articleRecording.ciphertext);
    const output = page.locator('output');
    await output.getByText('Valid', { exact: true }).waitFor();
    expect(await output.textContent()).toContain(articleRecording.keyId);
    expect(await page.locator('#coloured').textContent()).toBe(articleRecording.ciphertext);
    expect(await page.locator('#parts').textContent()).toContain(
      `${articleRecording.keyId} (provider AmazonConnect, RSA-2048)`,
    );

    await page.locator('textarea').fill('Timeout');
    await output.getByText('The caller typed nothing').waitFor();
    const altered = articleRecording.ciphertext.replace(/.{4}$/, 'AAAA');
    await page.locator('textarea').fill(altered);
    await output
      .getByText(/Invalid signature|malformed_ciphertext/)
      .first()
      .waitFor();

    await close();
  });

  it('the inspector page finds a ciphertext in an event, in a log line, and in wrapped or base64url text', async () => {
    const { page, close } = await opened('/');
    const { ciphertext } = articleRecording;
    const pastes = [
      JSON.stringify({ Details: { Parameters: { card: ciphertext } } }, null, 2),
      `2026-01-02T03:04:05Z INFO stored "${ciphertext}" for the contact`,
      JSON.stringify(JSON.stringify({ ciphertext })),
      ciphertext.replace(/.{76}/g, '$&\r\n'),
      ciphertext.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
      JSON.stringify({ ciphertext }).replaceAll('/', String.raw`\/`),
      encodeURIComponent(ciphertext),
    ];
    for (const paste of pastes) {
      await page.locator('textarea').fill('');
      await page.locator('#message').waitFor({ state: 'hidden' });
      await page.locator('textarea').fill(paste);
      await page.locator('#verdict.good').waitFor();
      expect(await page.locator('#coloured').textContent()).toBe(ciphertext);
    }
    await close();
  });

  it('the inspector page shares a verdict without the ciphertext', async () => {
    const { page, close } = await opened('/');
    await page.getByRole('button', { name: 'Load an example' }).click();
    await page.getByRole('button', { name: 'Copy a link to this verdict' }).click();
    await page.getByText('It holds the verdict, not the ciphertext.').waitFor();

    const link = new URL(page.url());
    expect(Object.fromEntries(new URLSearchParams(link.hash.slice(1)))).toEqual({
      verdict: 'valid',
      suite: '0378',
      key: articleRecording.keyId,
      plaintext: '12',
      message: '625',
    });
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.evaluate(() => window.dispatchEvent(new Event('hashchange')));
    await page.getByText('Someone shared this verdict with you.').waitFor();
    expect(await page.locator('#verdict').textContent()).toContain(articleRecording.keyId);
    await close();
  });

  it('the API page sends its form to the service, with the token', async () => {
    const { page, close } = await opened('/docs', { BEARER_TOKEN_HASHES: sha256Hex('token-of-this-test') }, [
      '/v1/inspect',
    ]);
    const section = page.getByRole('region', { name: 'Read a ciphertext without a key', exact: true });
    await section.getByText('Try it').click();
    await section.getByRole('button', { name: 'Send' }).click();
    await section.getByText('Enter the token').waitFor();

    await page.getByLabel('Token for the forms').fill('token-of-this-test');
    await section.getByRole('button', { name: 'Send' }).click();
    await section.getByText('Status 200').waitFor();
    expect(await section.getByRole('region', { name: 'Response to' }).textContent()).toContain('"signature": "valid"');

    await page.getByRole('button', { name: 'Python', exact: true }).click();
    expect(await section.locator('pre:visible').first().textContent()).toContain('import json, os, urllib.request');
    await close();
  });

  it.each(['light', 'dark'] as const)(
    'no page fails axe, scrolls sideways or breaks a name in %s mode',
    async (colorScheme) => {
      const service = await startWorkerd({});
      const axe = await readFile(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
      for (const width of [390, 800, 1600]) {
        const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 }, bypassCSP: true });
        for (const path of ['/', '/flow', '/docs', '/nowhere/at/all']) {
          const page = await context.newPage();
          await page.goto(`${service.origin}${path}`);
          if (path === '/') await page.getByRole('button', { name: 'Load an example' }).click();
          if (path === '/') await page.locator('#verdict.good').waitFor();
          for (const summary of await page.locator('summary').all()) await summary.click();
          await page.evaluate(axe);
          const found = await page.evaluate(async () => ({
            // @ts-expect-error axe-core defines it.
            violations: (await globalThis.axe.run()).violations.map(({ id }: { id: string }) => id),
            sideways: document.documentElement.scrollWidth > window.innerWidth,
            brokenNames: Array.from(document.querySelectorAll('td code'))
              .filter((name) => name.getClientRects().length > 1)
              .map((name) => name.textContent),
          }));
          expect([path, width, found]).toEqual([path, width, { violations: [], sideways: false, brokenNames: [] }]);
          const links = await page
            .locator('nav a, main a')
            .evaluateAll((found) => found.map((link) => link.getAttribute('href')));
          const base = page.url();
          for (const link of new Set(links)) {
            if (link === null || link.startsWith('#')) continue;
            expect([path, link, (await fetch(new URL(link, base))).status]).toEqual([path, link, 200]);
          }
          await page.close();
        }
        await context.close();
      }
      await service.stop();
    },
    60_000,
  );

  it('the flow page checks what is pasted, and does not send it', async () => {
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
    expect(await output.textContent()).toContain('Path: Logging off > Recording off > Menu > Card last');

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
