import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openWithClientNode, openWithPython } from '../relay/peers.ts';
import { privateKeyOf } from '../support/consumer-documents.ts';
import { hasPython } from '../support/python.ts';
import { sha256Hex } from '../support/sha256.ts';
import { storedKeys } from '../support/stored.ts';
import { bundleSuite } from './bundle.ts';
import { hasRuntimes, type Runtime, runtimes } from './runtimes.ts';
import type { SuiteReport } from './suite.ts';

const page = fileURLToPath(new URL('../../docs/runtimes.md', import.meta.url));

// Of BoringSSL, which Chromium uses: it has no AES with keys of 192 bits.
const impossible: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'Chromium, page': { '192-bit AES': 6 },
  'Chromium, Web Worker': { '192-bit AES': 6 },
};

describe.skipIf(!hasRuntimes())('The suite passes', { timeout: 240_000 }, () => {
  const rows: string[] = [];
  const hasSharedData = inject('vectors') !== null && inject('sharedRecordings').length > 0;

  beforeAll(() =>
    bundleSuite({
      sharedRecordings: inject('sharedRecordings'),
      vectors: inject('vectors'),
      storedKeys: Object.fromEntries(storedKeys()),
      consumerDocuments: inject('consumerDocuments'),
      allowedConsumers: inject('allowedConsumers'),
      bearerToken: inject('bearerToken'),
      bearerTokenHash: sha256Hex(inject('bearerToken')),
      lambdaAnswers: inject('lambdaAnswers'),
    }),
  );

  it.for(runtimes.map((runtime) => [runtime.name, runtime] as const))('on %s', async ([name, runtime]) => {
    const report = await runtime.report();
    expect(report.failed).toEqual([]);
    const lacks = count(report.impossible.map(({ needs }) => needs));
    if (hasSharedData) expect(lacks).toEqual(impossible[name] ?? {});
    for (const { code } of report.impossible) expect(code).toBe('decryption_failed');
    await expectPeersOpen(report);
    rows.push(await row(runtime, report, lacks));
  });

  it.skipIf(!hasSharedData)('and docs/runtimes.md shows what each runtime ran', async () => {
    const table = [
      '| runtime | version | from | cases that passed | cannot run |',
      '| --- | --- | --- | ---: | --- |',
      ...rows,
    ].join('\n');
    const text = await readFile(page, 'utf8');
    const written = text.replace(/^\| runtime \| version[\s\S]*?(?=\n\n)/m, table);
    if (process.env['WRITE_TABLE'] === 'true') await writeFile(page, written);
    else expect(withoutDebian(text)).toBe(withoutDebian(written));
  });

  afterAll(() => console.log(rows.join('\n')));
});

/** Without the versions of Debian's packages, which move on by themselves. */
function withoutDebian(text: string): string {
  return text.replaceAll(/\| [\d.]+ \| Debian/g, '| Debian');
}

/** What the runtime encrypted for consumers is opened by other software. */
async function expectPeersOpen({ made }: SuiteReport): Promise<void> {
  expect(made).toHaveLength(8);
  for (const { name, plaintext, ciphertext } of made.filter(({ format }) => format === 'aws-encryption-sdk')) {
    expect((await openWithClientNode(name, ciphertext)).plaintext.toString()).toBe(plaintext);
  }
  if (!hasPython()) return;
  const privateKey = (name: string) => privateKeyOf(name).export({ type: 'pkcs8', format: 'pem' });
  const answers = await openWithPython(made.map((message) => ({ ...message, privateKey: privateKey(message.name) })));
  expect(answers.map(({ plaintext }) => plaintext)).toEqual(made.map(({ plaintext }) => plaintext));
}

function count(names: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(Object.groupBy(names, (name) => name)).map(([name, all = []]) => [name, all.length]),
  );
}

async function row(
  runtime: Runtime,
  { passed }: SuiteReport,
  lacks: Readonly<Record<string, number>>,
): Promise<string> {
  const lacking = Object.entries(lacks).map(([needs, cases]) => `${cases} cases: ${needs}`);
  return `| ${runtime.name} | ${await runtime.version()} | ${runtime.source} | ${passed} | ${lacking.join('; ')} |`;
}
