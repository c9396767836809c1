import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { buildClient, CommitmentPolicy, RawRsaKeyringNode } from '@aws-crypto/client-node';
import { pem, testKeys } from '../recordings/recordings.ts';

const { encrypt } = buildClient(CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT);

/** A ciphertext as Amazon Connect creates it. Default: for the public key of the test key. */
export async function encrypted(plaintext: string, keyId: string, publicKey = testPublicKey(keyId)): Promise<string> {
  const keyring = new RawRsaKeyringNode({
    keyNamespace: 'AmazonConnect',
    keyName: keyId,
    rsaKey: { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() },
    oaepHash: 'sha512',
  });
  return (await encrypt(keyring, plaintext, { frameLength: 4096 })).result.toString('base64');
}

function testPublicKey(keyId: string): KeyObject {
  const key = testKeys.find((known) => known.keyId === keyId);
  if (key === undefined) throw new Error(`There is no test key ${keyId}.`);
  return createPublicKey(createPrivateKey(pem('PRIVATE KEY', key.privateKeyPkcs8)));
}
