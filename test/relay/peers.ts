import { spawn } from 'node:child_process';
import { constants } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { buildClient, CommitmentPolicy, RawRsaKeyringNode } from '@aws-crypto/client-node';
import { privateKeyOf } from '../support/consumer-documents.ts';
import { python } from '../support/python.ts';

/** What was encrypted for a consumer. */
export interface Made {
  readonly name: string;
  readonly format: 'aws-encryption-sdk' | 'jwe';
  readonly plaintext: string;
  readonly ciphertext: string;
}

/** Opens an AWS Encryption SDK message with AWS's SDK for Node. */
export async function openWithClientNode(name: string, ciphertext: string) {
  const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
  const keyring = new RawRsaKeyringNode({
    keyNamespace: 'flow-security-keys',
    keyName: name,
    rsaKey: { privateKey: privateKeyOf(name).export({ type: 'pkcs1', format: 'pem' }).toString() },
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: 'sha512',
  });
  return decrypt(keyring, Buffer.from(ciphertext, 'base64'));
}

/** What Python answers to one message. */
export interface Answer {
  readonly plaintext?: string;
  readonly labels?: { readonly suite?: string };
  readonly error?: string;
}

/**
 * Opens messages with the AWS Encryption SDK for Python, and JWEs with jwcrypto: in one process, as importing the SDK takes a
 * second.
 */
export async function openWithPython(messages: readonly object[]): Promise<readonly Answer[]> {
  const program = fileURLToPath(new URL('peers.py', import.meta.url));
  const child = spawn(python, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  return (await text(child.stdout))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
