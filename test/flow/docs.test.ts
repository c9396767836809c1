import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findingKinds, functionSettings, kindLengths, readFlow } from 'flow-security-keys/flow';
import { expect, it } from 'vitest';
import { flowPicture } from '../../build/flow-picture.ts';
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

const fields = ['card', 'expiry', 'cvc'];
const settings = functionSettings(
  (['card', 'expiry', 'cvc'] as const).map((kind) => ({ name: kind, kind, ...kindLengths[kind] })),
);

it('docs/flows.md shows the flow for a card payment, and a call through it', async () => {
  const [key] = testKeys;
  if (key === undefined) throw new Error('There is no test key.');
  const folder = await mkdtemp(join(tmpdir(), 'flow-docs-'));
  const file = (name: string) => join(folder, name);
  await mkdir(file(`keys/${key.keyId}`), { recursive: true });
  await writeFile(file(`keys/${key.keyId}/private-key.pem`), pem('PRIVATE KEY', key.privateKeyPkcs8), { mode: 0o600 });
  await writeFile(file(`keys/${key.keyId}/certificate.pem`), pem('CERTIFICATE', key.certificate));
  const write = ['--store', 'directory:keys', '--key-id', key.keyId, '--function', functionArn, '--out', 'card.json'];
  const written = await runCli(['flow', 'write', ...write, ...fields.flatMap((name) => ['--field', name])], {
    cwd: folder,
  });
  const tried = ['card.json', '--keys', '4111111111111111#,1249#,123#', '--store', 'directory:keys'];
  const { stdout } = await runCli(['flow', 'try', ...tried], { cwd: folder, environment: settings });
  const picture = flowPicture(readFlow(await readFile(file('card.json'), 'utf8')));
  await rm(folder, { recursive: true });
  const shown = stdout
    // The length of a signature varies, and ids are random.
    .replaceAll(/ciphertext of \d+ characters/g, 'ciphertext of 836 characters')
    .replaceAll(/"(contactId|requestId)":"[^"]*"/g, '"$1":"…"');
  await expect(picture).toMatchFileSnapshot('../../docs/images/card-payment.svg');
  expect(await sectionOf('written')).toBe(
    `\n\`\`\`\n$ flow-keys flow write ${write.join(' ')} --field card --field expiry --field cvc\n${written.stdout}\`\`\`\n\n`,
  );
  expect(await sectionOf('transcript')).toBe(
    `\n\`\`\`\n$ flow-keys flow try card.json --keys '4111111111111111#,1249#,123#' --store directory:keys\n${shown}\`\`\`\n\n`,
  );
});
