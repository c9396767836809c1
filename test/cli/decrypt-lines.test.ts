import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { runCli } from '../support/cli.ts';

const card = recordingNamed('java rsa2048-card-number');
const altered = `${card.ciphertext.slice(0, 500)}${card.ciphertext[500] === 'A' ? 'B' : 'A'}${card.ciphertext.slice(501)}`;

let store: string;
beforeAll(async () => {
  store = `directory:${await writeKeyDirectory([[card.keyId, privateKeyOf(card)]])}`;
});

async function decryptLines(records: readonly unknown[], ...args: readonly string[]) {
  const input = records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record))).join('\n');
  const { stdout, ...run } = await runCli(['decrypt', '--store', store, ...args], { input });
  const lines = stdout.split('\n').filter((line) => line !== '');
  return { ...run, stdout, records: lines.map((line) => JSON.parse(line)) };
}

describe('flow-keys decrypt --lines', () => {
  it('replaces ciphertexts with masked inputs, and does not change the rest', async () => {
    const record = { ContactId: 'c', Attributes: { card: card.ciphertext, language: 'de' } };
    const { records, exitCode, stdout } = await decryptLines([record], '--lines', 'card');
    const masked = '*'.repeat(card.plaintext.length);
    expect(records).toEqual([{ ContactId: 'c', Attributes: { card: masked, language: 'de' } }]);
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain(card.plaintext);
  });

  it('shows inputs with --reveal, at the top, in the attributes and at a path', async () => {
    const record = { a: card.ciphertext, Attributes: { b: card.ciphertext }, x: { y: card.ciphertext } };
    const { records } = await decryptLines([record], '--lines', 'a,b,x.y,missing', '--reveal');
    const { plaintext } = card;
    expect(records).toEqual([{ a: plaintext, Attributes: { b: plaintext }, x: { y: plaintext } }]);
  });

  it('keeps the order when lines fail, and counts failures by code', async () => {
    const count = 300;
    const records = Array.from({ length: count }, (_, index) => ({
      index,
      card: index % 3 === 1 ? altered : card.ciphertext,
    }));
    const run = await decryptLines([...records, 'no JSON'], '--lines', 'card');
    expect(run.records.slice(0, -1).map(({ index }) => index)).toEqual(records.map(({ index }) => index));
    expect(run.records[1]).toMatchObject({ card: null, decryptionErrors: { card: expect.any(String) } });
    expect(run.records.at(-1)).toEqual({ decryptionErrors: { line: 'not_json' } });
    expect(run.exitCode).toBe(4);
    expect(run.stderr).toMatch(/301 lines, 200 values decrypted, failed: 100 [a-z_]+, 1 not_json\./);
  });

  it('reads a file, and writes the counts as JSON to standard error', async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'lines-')), 'contacts.jsonl');
    await writeFile(file, `${JSON.stringify({ card: card.ciphertext })}\n\n`);
    const run = await decryptLines([], file, '--lines', 'card', '--json');
    expect(JSON.parse(run.stderr)).toEqual({ lines: 1, decrypted: 1, failed: {} });
    expect(run.records).toHaveLength(1);
    const missing = await decryptLines([], `${file}.missing`, '--lines', 'card');
    expect(missing).toMatchObject({ exitCode: 3, stderr: expect.stringMatching(/cannot be read/) });
  });
});
