import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findingKinds } from 'flow-security-keys/flow';
import { expect, it } from 'vitest';
import { pem, testKeys } from '../recordings/recordings.ts';
import { runCli } from '../support/cli.ts';
import { functionArn } from '../support/rotation.ts';

const document = new URL('../../docs/flows.md', import.meta.url);
const sectionOf = async (name: string) =>
  (await readFile(document, 'utf8')).match(new RegExp(`<!-- ${name} -->\\n([^]*?)<!-- /${name} -->`))?.[1];

it('docs/flows.md lists every finding', async () => {
  const rows = Object.entries(findingKinds).map(
    ([code, { severity, fix }]) => `| \`${code}\` | ${severity} | ${fix} |`,
  );
  expect(await sectionOf('findings')).toBe(
    ['', '| code | severity | fix |', '| --- | --- | --- |', ...rows, '', ''].join('\n'),
  );
});

it("docs/flows.md shows a call through the article's flow", async () => {
  const [key] = testKeys;
  if (key === undefined) throw new Error('There is no test key.');
  const folder = await mkdtemp(join(tmpdir(), 'flow-docs-'));
  const file = (name: string) => join(folder, name);
  await mkdir(file(`keys/${key.keyId}`), { recursive: true });
  await writeFile(file(`keys/${key.keyId}/private-key.pem`), pem('PRIVATE KEY', key.privateKeyPkcs8), { mode: 0o600 });
  await writeFile(file('certificate.pem'), pem('CERTIFICATE', key.certificate));
  const write = ['--key-id', key.keyId, '--certificate', file('certificate.pem'), '--function', functionArn];
  await runCli(['flow', 'write', ...write, '--out', file('flow.json')]);
  const options = ['--keys', '4444444444444448#', '--store', 'directory:keys'];
  const { stdout } = await runCli(['flow', 'try', 'flow.json', ...options], { cwd: folder });
  await rm(folder, { recursive: true });
  const shown = stdout
    // Signatures are not all of one length, and ids are new each time.
    .replaceAll(/ciphertext of \d+ characters/g, 'ciphertext of 836 characters')
    .replaceAll(/"(contactId|requestId)":"[^"]*"/g, '"$1":"…"');
  expect(await sectionOf('transcript')).toBe(
    `\n\`\`\`\n$ flow-keys flow try flow.json --keys '4444444444444448#' --store directory:keys\n${shown}\`\`\`\n\n`,
  );
});
