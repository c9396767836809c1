import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Writes private keys as self-hosters keep theirs, into a new directory: its path. */
export async function writeKeyDirectory(pems: Iterable<readonly [keyId: string, pem: string]>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'keys-'));
  for (const [keyId, pem] of pems) {
    await mkdir(join(directory, keyId));
    await writeFile(join(directory, keyId, 'private-key.pem'), pem, { mode: 0o600 });
  }
  return directory;
}
