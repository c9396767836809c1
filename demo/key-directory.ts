import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Writes private keys into a new directory, as the directory store reads them. Returns its path. */
export async function writeKeyDirectory(pems: Iterable<readonly [keyId: string, pem: string]>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'keys-'));
  for (const [keyId, pem] of pems) {
    await mkdir(join(directory, keyId));
    await writeFile(join(directory, keyId, 'private-key.pem'), pem, { mode: 0o600 });
  }
  return directory;
}
