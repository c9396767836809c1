import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const executablePath = '/usr/bin/chromium';

/** Whether Debian's Chromium is installed. In CI it must be. */
export function hasChromium(): boolean {
  if (existsSync(executablePath)) return true;
  if (process.env['CI'] === 'true') throw new Error('CI needs Debian’s chromium.');
  console.warn('Skipped: the tests in Chromium; apt-get install chromium.');
  return false;
}

/** Starts Debian's Chromium without background requests. */
export function launchChromium(): Promise<Browser> {
  const args = [
    '--no-sandbox',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-sync',
  ];
  return chromium.launch({ executablePath, args });
}
