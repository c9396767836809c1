import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import article from '../recordings/connect-article.json' with { type: 'json' };
import java from '../recordings/java-connect.json' with { type: 'json' };
import { kitMessages, type Outcome } from '../recordings/kit.ts';
import pythonRecordings from '../recordings/python-connect.json' with { type: 'json' };
import { hasPython, python } from '../support/python.ts';

const run = promisify(execFile);
const recordings = fileURLToPath(new URL('../recordings/', import.meta.url));

async function hasMaven(): Promise<boolean> {
  const isThere = await run('mvn', ['--version']).then(
    () => true,
    () => false,
  );
  if (!isThere && process.env['CI'] === 'true') throw new Error('CI needs Maven: apt-get install maven');
  return isThere;
}

/** What another implementation did with a message: the plaintext, or the class of its error. */
interface Result {
  readonly name: string;
  readonly plaintextBase64?: string;
  readonly refused?: string;
}

const sdks: Readonly<Record<string, readonly string[]>> = {
  Python: [python, 'python/check.py', 'kit.json'],
  Java: ['mvn', '-q', '-B', '-f', 'java', 'compile', 'exec:java', '-Dexec.mainClass=Check', '-Dexec.args=kit.json'],
};

/** Runs one process for all messages, and returns the results in the order of the kit. */
async function resultsOf([command = '', ...args]: readonly string[]): Promise<readonly Result[]> {
  const { stdout } = await run(command, args, { cwd: recordings, maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout.match(/\[\{.*\}\]/)?.[0] ?? '[]');
}

/** The rows of the table in test/recordings/README.md: where an SDK differs from the kit. */
function differences(sdk: string, results: readonly Result[]): readonly string[] {
  expect(results.map(({ name }) => name)).toEqual(kitMessages.map(({ name }) => name));
  return kitMessages.flatMap(({ name, all }, index) => {
    const { plaintextBase64, refused = '' } = results[index] ?? { name };
    if (plaintextBase64 === bytesOf(all)) return [];
    const what = plaintextBase64 === undefined ? `refuses it: ${refused}` : 'decrypts it';
    return [`| ${name} | ${'refused' in all ? `refused: ${all.refused}` : 'decrypted'} | ${sdk} ${what} |`];
  });
}

/** The plaintext in base64; `undefined` if the message was refused. */
function bytesOf(outcome: Outcome): string | undefined {
  if ('plaintext' in outcome) return Buffer.from(outcome.plaintext).toString('base64');
  return 'plaintextBase64' in outcome ? outcome.plaintextBase64 : undefined;
}

const hasSdks = hasPython() && (await hasMaven());

describe('The kit of recordings', { timeout: 240_000 }, () => {
  it('holds every recording, and every message under a unique name', () => {
    const ciphertexts = kitMessages.map(({ ciphertext }) => ciphertext);
    for (const { recordings: all } of [java, pythonRecordings, article]) {
      for (const { ciphertext } of all) expect(ciphertexts).toContain(ciphertext);
    }
    expect(new Set(kitMessages.map(({ name }) => name)).size).toBe(kitMessages.length);
  });

  it.skipIf(!hasSdks)(
    'has the outcomes that AWS’s SDKs for Python and Java have, but for what its README lists',
    async ({ annotate }) => {
      const found: string[] = [];
      for (const [sdk, command] of Object.entries(sdks)) found.push(...differences(sdk, await resultsOf(command)));
      await annotate(`AWS's SDKs differ in ${found.length} outcomes:\n${found.join('\n')}`);
      const readme = await readFile(`${recordings}README.md`, 'utf8');
      const [, rows = ''] = readme.match(/^\| message \| the kit's outcome .*\n\| ---.*\n((?:\|.*\n)*)/m) ?? [];
      expect(rows.trim().split('\n')).toEqual(found);
    },
  );
});
