import type { KeyObject } from 'node:crypto';
import { encryptFor, parseConsumer } from 'flow-security-keys';
import { compactDecrypt } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { testConsumers } from '../recordings/consumers.ts';
import { consumerDocuments, privateKeyOf } from '../support/consumer-documents.ts';
import { hasPython } from '../support/python.ts';
import { type Made, openWithClientNode, openWithPython } from './peers.ts';

const plaintexts = ['4444444444444444', '0', '', '*12#34', 'ü€', '0123456789'.repeat(1_000)];
const labels = { field: 'card', contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe' };

let made: readonly Made[];
/** When they were made, in seconds: no earlier than `from`, no later than `to`. */
const time = { from: 0, to: 0 };
beforeAll(async () => {
  time.from = Math.floor(Date.now() / 1_000);
  const documents = consumerDocuments();
  const consumers = await Promise.all(testConsumers.map(({ name }) => parseConsumer(name, documents.get(name) ?? '')));
  const each = consumers.flatMap((consumer) => plaintexts.map((plaintext) => ({ consumer, plaintext })));
  made = await Promise.all(
    each.map(async ({ consumer, plaintext }) => ({
      name: consumer.name,
      format: consumer.format,
      plaintext,
      ciphertext: await encryptFor(consumer, new TextEncoder().encode(plaintext), labels),
    })),
  );
  time.to = Math.floor(Date.now() / 1_000);
});

/** What a consumer finds beside the input. */
function labelsOf({ name, format }: Made): object {
  const prefix = format === 'jwe' ? 'urn:flow-security-keys:' : '';
  return {
    [`${prefix}contact-id`]: labels.contactId,
    [`${prefix}field`]: 'card',
    [`${prefix}consumer`]: name,
    ...(format === 'jwe' ? { enc: 'A256GCM', iat: expect.any(Number), kid: expect.any(String) } : {}),
  };
}

describe('What was encrypted for a consumer is decrypted', () => {
  it('by @aws-crypto/client-node', async () => {
    const messages = made.filter(({ format }) => format === 'aws-encryption-sdk');
    expect(messages).toHaveLength(plaintexts.length);
    for (const message of messages) {
      const { plaintext, messageHeader } = await openWithClientNode(message.name, message.ciphertext);
      expect(plaintext.toString()).toBe(message.plaintext);
      expect(messageHeader).toMatchObject({ version: 2, suiteId: 0x0578, frameLength: 4096 });
      expect(messageHeader.encryptionContext).toMatchObject(labelsOf(message));
    }
  });

  it('by jose, with a key of node:crypto', async () => {
    const messages = made.filter(({ format }) => format === 'jwe');
    expect(messages).toHaveLength(3 * plaintexts.length);
    for (const message of messages) {
      const { plaintext, protectedHeader } = await compactDecrypt(message.ciphertext, privateKeyOf(message.name));
      expect(new TextDecoder().decode(plaintext)).toBe(message.plaintext);
      expect(protectedHeader).toMatchObject(labelsOf(message));
      expect(protectedHeader['iat']).toBeGreaterThanOrEqual(time.from);
      expect(protectedHeader['iat']).toBeLessThanOrEqual(time.to);
    }
  });

  it.skipIf(!hasPython())('by the AWS Encryption SDK for Python, and by jwcrypto', { timeout: 60_000 }, async () => {
    // And one that was encrypted for another consumer.
    const others = made
      .filter(({ plaintext }) => plaintext === '0')
      .map((message) => ({ ...message, for: otherKey(message) }));
    const answers = await openWithPython([
      ...made.map((message) => ({ ...message, privateKey: pemOf(privateKeyOf(message.name)) })),
      ...others.map((message) => ({ ...message, privateKey: message.for })),
    ]);
    expect(answers).toEqual([
      ...made.map((message) =>
        isRefusedByJwcrypto(message)
          ? { error: 'InvalidJWEData' }
          : { plaintext: message.plaintext, labels: expect.objectContaining(labelsOf(message)) },
      ),
      ...others.map(() => ({ error: expect.any(String) })),
    ]);
    const suites = answers.flatMap(({ labels: found }) => found?.suite ?? []);
    expect(suites).toEqual(plaintexts.map(() => '0578'));
  });

  it('only with the contact id, field and consumer that are bound to it', async () => {
    const message = made.find(({ format }) => format === 'aws-encryption-sdk');
    const jwe = made.find(({ format }) => format === 'jwe');
    if (message === undefined || jwe === undefined) throw new Error('Nothing was made.');
    const altered = Buffer.from(message.ciphertext, 'base64').toString('latin1').replace('card', 'cord');
    await expect(openWithClientNode(message.name, Buffer.from(altered, 'latin1').toString('base64'))).rejects.toThrow();

    const [header = '', ...parts] = jwe.ciphertext.split('.');
    const other = Buffer.from(header, 'base64url').toString().replace('"card"', '"cord"');
    const forged = [Buffer.from(other).toString('base64url'), ...parts].join('.');
    await expect(compactDecrypt(forged, privateKeyOf(jwe.name))).rejects.toThrow('decryption operation failed');
  });
});

/** jwcrypto 1.6.1 opens no JWE of an empty plaintext, its own included. */
function isRefusedByJwcrypto({ format, plaintext }: Made): boolean {
  return format === 'jwe' && plaintext === '';
}

function pemOf(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The private key of another consumer, of the same format. */
function otherKey({ name }: Made): string {
  const others: Readonly<Record<string, string>> = {
    ledger: 'billing',
    billing: 'ledger',
    'fraud-check': 'archive',
    archive: 'fraud-check',
  };
  return pemOf(privateKeyOf(others[name] ?? ''));
}
