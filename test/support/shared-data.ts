import { existsSync, readFileSync } from 'node:fs';
import type { Recording, TestKey } from '../recordings/recordings.ts';

/** Data from outside this repository. */
const folder = new URL('../../../shared/', import.meta.url);

interface RecordingFile {
  readonly keys: readonly TestKey[];
  readonly recordings: readonly Recording[];
}

/** AWS's test vectors: every suite, with and without an encryption context, and one RSA-4096 key. */
export interface VectorFile {
  readonly providerId: string;
  readonly keyName: string;
  readonly privateKeyPkcs8: string;
  readonly plaintextBase64: string;
  readonly vectors: readonly { readonly id: string; readonly suite: string; readonly ciphertextBase64: string }[];
}

/** A recording from Amazon Connect, with its key. */
export const readConnectRecordings = () => readShared<RecordingFile>('recordings/connect-rsa4096.json');

export const readVectors = () => readShared<VectorFile>('vectors/aws-esdk-net-v4-raw-rsa.json');

/** What people paste, each with its expected outcome. */
export const readCases = () =>
  readShared<readonly { readonly name: string; readonly base64: string }[]>('cases/cases.json');

function readShared<Content>(name: string): Content | undefined {
  const file = new URL(name, folder);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8'));
  if (process.env['CI'] === 'true') throw new Error(`CI needs ../shared/${name}, which does not exist.`);
  console.warn(`Skipped the tests of ../shared/${name}, which does not exist.`);
  return undefined;
}
