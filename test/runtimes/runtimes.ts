import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import workerdManifest from 'workerd/package.json' with { type: 'json' };
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { startWorkerd } from '../support/workerd.ts';
import { bundleOf } from './bundle.ts';
import type { SuiteReport } from './suite.ts';
import manifest from './tools/package.json' with { type: 'json' };

const run = promisify(execFile);
/** A file of what `test/runtimes/tools` installs. */
export const installed = (name: string) => fileURLToPath(new URL(`tools/node_modules/${name}`, import.meta.url));

/** Where the suite runs, and how. */
export interface Runtime {
  readonly name: string;
  /** Where it comes from. */
  readonly source: string;
  version(): Promise<string>;
  report(): Promise<SuiteReport>;
}

/** Whether `test/runtimes/tools/install.sh` was run, and Chromium is there. In CI they must be. */
export function hasRuntimes(): boolean {
  if (existsSync(installed('bun'))) return hasChromium();
  if (process.env['CI'] === 'true') throw new Error('CI needs the runtimes: bash test/runtimes/tools/install.sh');
  console.warn('Skipped: the runtimes; run test/runtimes/tools/install.sh.');
  return false;
}

const versions = manifest.dependencies;

export const runtimes: readonly Runtime[] = [
  ...(['node-22', 'node-24', 'node-26'] as const).map((name) => {
    const [, version = ''] = versions[name].split('node@');
    return program(`Node ${name.slice(-2)}`, `npm: node@${version}`, version, [installed(`${name}/bin/node`)]);
  }),
  {
    name: 'workerd',
    source: 'npm: wrangler',
    version: async () => workerdManifest.version,
    async report() {
      const worker = await startWorkerd({}, bundleOf('workerd'));
      try {
        return await (await fetch(worker.origin)).json();
      } finally {
        await worker.stop();
      }
    },
  },
  program('Bun', `npm: bun@${versions.bun}`, versions.bun, [installed('.bin/bun')]),
  program('Deno', `npm: deno@${versions.deno}`, versions.deno, [installed('.bin/deno'), 'run']),
  {
    name: 'edge-runtime',
    source: `npm: @edge-runtime/vm@${versions['@edge-runtime/vm']}`,
    version: async () => versions['@edge-runtime/vm'],
    async report() {
      const { EdgeVM } = await import(pathToFileURL(installed('@edge-runtime/vm/dist/index.js')).href);
      const vm = new EdgeVM();
      vm.evaluate(await readFile(bundleOf('global'), 'utf8'));
      return vm.evaluate('report');
    },
  },
  {
    name: 'Chromium, page',
    source: 'Debian: chromium',
    version: chromiumVersion,
    report: () => inPage('<script type="module" src="/global.js"></script>', (page) => page.evaluate('report')),
  },
  {
    name: 'Chromium, Web Worker',
    source: 'Debian: chromium',
    version: chromiumVersion,
    report: () =>
      inPage('', (page) =>
        page.evaluate(`new Promise((resolve, reject) => {
          const worker = new Worker('/web-worker.js', { type: 'module' });
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
        })`),
      ),
  },
];

/** A runtime that runs a file; it is told no variables but the path, so that no setting of this process counts. */
function program(name: string, source: string, version: string, [command = '', ...args]: readonly string[]): Runtime {
  return {
    name,
    source,
    async version() {
      const { stdout } = await run(command, ['--version']);
      if (!stdout.includes(version)) throw new Error(`${name} says that it is ${stdout.trim()}, not ${version}.`);
      return version;
    },
    async report() {
      const { stdout } = await run(command, [...args, bundleOf('process')], {
        env: { PATH: process.env['PATH'], NO_COLOR: '1' },
        maxBuffer: 16 * 1024 * 1024,
      });
      // The core may log, too.
      return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    },
  };
}

/** Loads the suite in a page of an origin of its own, where nothing but its scripts is. */
async function inPage(html: string, use: (page: Page) => Promise<SuiteReport>): Promise<SuiteReport> {
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.route('http://localhost/**', async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === '/') {
        return route.fulfill({ contentType: 'text/html', body: `<!doctype html><meta charset="utf-8">${html}` });
      }
      const runner = pathname === '/global.js' ? 'global' : 'web-worker';
      return route.fulfill({ contentType: 'text/javascript', body: await readFile(bundleOf(runner), 'utf8') });
    });
    await page.goto('http://localhost/', { waitUntil: 'load' });
    return await use(page);
  } finally {
    await browser.close();
  }
}

async function chromiumVersion(): Promise<string> {
  const browser = await launchChromium();
  const version = browser.version();
  await browser.close();
  return version;
}
