import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { entryPoints } from '../../build/entry-points.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { serveFiles } from '../support/static-site.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const site = join(root, 'dist/site');
// A project's page on GitHub has the repository's name as its path.
const base = '/flow-security-keys/';

let written: string;
let html: ReadonlyMap<string, string>;

beforeAll(async () => {
  const build = [join(root, 'build/site/build.ts'), '--base', base];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, build, { cwd: root });
  written = stdout + stderr;
  const files = await readdir(site, { recursive: true });
  const pages = files.filter((name) => name.endsWith('.html'));
  html = new Map(
    await Promise.all(pages.map(async (page) => [page, await readFile(join(site, page), 'utf8')] as const)),
  );
}, 180_000);

describe('The site', { timeout: 120_000 }, () => {
  it('has a page for each entry point of the package, and no exported symbol without a docstring', () => {
    for (const { specifier } of entryPoints) expect([...html.keys()]).toContain(`api/${specifier}.html`);
    const undocumented = written.match(/^.*does not have any documentation$/gm) ?? [];
    if (undocumented.length > 0) console.warn(undocumented.join('\n'));
  });

  it('links to nothing that is not there', async () => {
    const files = new Set(await readdir(site, { recursive: true }));
    const ids = new Map([...html].map(([page, text]) => [page, new Set(text.match(/(?<= id=")[^"]+/g))]));
    const dead: string[] = [];
    for (const [page, text] of html) {
      const links = Array.from(text.matchAll(/<(?:a|link|script|img)\b[^>]* (?:href|src)="([^"]+)"/g));
      for (const [, encoded = ''] of links) {
        const link = decodeURI(encoded.replaceAll('&amp;', '&'));
        if (/^[a-z]+:/.test(link)) continue;
        const [path = '', anchor] = link.split('#');
        const absolute = path === '' ? base + page : posix.resolve(base, posix.dirname(page), path);
        if (!absolute.startsWith(base.slice(0, -1))) {
          dead.push(`${page}: ${link}`);
          continue;
        }
        const isFolder = path.endsWith('/') || absolute.length < base.length;
        const target =
          absolute.slice(base.length) + (isFolder ? `${absolute.length < base.length ? '' : '/'}index.html` : '');
        if (!files.has(target)) dead.push(`${page}: ${link}`);
        else if (anchor && !ids.get(target)?.has(anchor)) dead.push(`${page}: ${link}`);
      }
    }
    expect(dead).toEqual([]);
  });

  describe.runIf(hasChromium())('in Chromium', () => {
    let browser: Browser;
    let origin: string;
    let stop: () => Promise<unknown>;
    beforeAll(async () => {
      ({ origin, stop } = await serveFiles(site, base));
      browser = await launchChromium();
    });
    afterAll(async () => {
      await browser.close();
      await stop();
    });

    const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

    // The two schemes differ in their colours alone.
    const schemes = [
      ['light', {}],
      ['dark', { runOnly: ['color-contrast'] }],
    ] as const;
    describe.each(schemes)('in %s', (colorScheme, rules) => {
      it('has no violation of accessibility, no error, and calls nobody else', async () => {
        const page = await browser.newPage({ colorScheme, viewport: { width: 1600, height: 1000 } });
        const problems: string[] = [];
        page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
        page.on('pageerror', (error) => problems.push(String(error)));
        page.on('request', (request) => request.url().startsWith(origin) || problems.push(request.url()));
        for (const path of [
          '',
          'flows.html',
          'settings.html',
          'command-line.html',
          'api/flow-security-keys/node.html',
        ]) {
          await page.goto(origin + path);
          await page.locator('.VPContent').waitFor();
          await page.addScriptTag({ path: axe });
          const { violations } = await page.evaluate((options) => Reflect.get(window, 'axe').run(options), rules);
          for (const { id, nodes } of violations)
            problems.push(`${path} ${id}, ${nodes.length} times: ${nodes[0]?.html}`);
        }
        await page.close();
        expect(problems).toEqual([]);
      });
    });

    it('never scrolls sideways, from 390 to 1600 pixels', async () => {
      // As it was written, without what the scripts do to it.
      const page = await browser.newPage({ javaScriptEnabled: false });
      const wide: string[] = [];
      for (const path of html.keys()) {
        await page.goto(origin + path);
        for (const width of [390, 800, 1600]) {
          await page.setViewportSize({ width, height: 900 });
          const scrolled = await page.evaluate(() => {
            window.scrollTo(1_000, 0);
            return window.scrollX;
          });
          if (scrolled > 0) wide.push(`${path} at ${width}`);
        }
      }
      await page.close();
      expect(wide).toEqual([]);
    });
  });
});
