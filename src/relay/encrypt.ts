import { encryptMessage } from '../aws-crypto/encrypt.ts';
import { assertValidity, type Consumer } from '../consumers/consumer.ts';
import { base64 } from '../encoding/base64.ts';
import { FlowKeysError } from '../errors.ts';
import { encryptJwe } from './jwe.ts';

/** What is bound to an encrypted input, so that the consumer knows what it received. */
export interface InputLabels {
  readonly contactId?: string;
  readonly field: string;
}

/** The provider id (key namespace) of messages in the format `aws-encryption-sdk`. The key name is the consumer's name. */
export const relayProviderId = 'flow-security-keys';

/** Makes the names of our header parameters collision-resistant (RFC 7515, section 4.2). */
const headerPrefix = 'urn:flow-security-keys:';

/**
 * Encrypts an input for a consumer: as an AWS Encryption SDK message in base64, or as a JWE (RFC 7516) in compact form.
 * Contact id, field and consumer are bound to it: as `contact-id`, `field` and `consumer` in the encryption context, or
 * with the prefix `urn:flow-security-keys:` in the protected header.
 *
 * @throws FlowKeysError `invalid_consumer` when the consumer's certificate is not valid now, or its key cannot encrypt
 * @example
 * const ciphertext = await encryptFor(consumer, new TextEncoder().encode('4111'), { field: 'card' });
 */
export async function encryptFor(consumer: Consumer, plaintext: Uint8Array, labels: InputLabels): Promise<string> {
  assertValidity(consumer);
  try {
    return await encrypters[consumer.format](consumer, plaintext, labels);
  } catch (cause) {
    throw new FlowKeysError(
      'invalid_consumer',
      `Cannot encrypt for consumer ${consumer.name}: encrypting with its publicKey failed. Register another key.`,
      { cause },
    );
  }
}

const encrypters: Readonly<
  Record<Consumer['format'], (consumer: Consumer, plaintext: Uint8Array, labels: InputLabels) => Promise<string>>
> = {
  async 'aws-encryption-sdk'({ name, publicKey }, plaintext, labels) {
    const recipient = { providerId: relayProviderId, keyName: name, publicKey };
    return base64(await encryptMessage(plaintext, recipient, labelMembers('', name, labels)));
  },
  jwe({ name, publicKey, algorithm, kid }, plaintext, labels) {
    const iat = Math.floor(Date.now() / 1_000);
    const header = { alg: algorithm, enc: 'A256GCM', kid, iat, ...labelMembers(headerPrefix, name, labels) } as const;
    return encryptJwe(plaintext, publicKey, header);
  },
};

function labelMembers(
  prefix: string,
  consumer: string,
  { contactId, field }: InputLabels,
): Readonly<Record<string, string>> {
  return {
    ...(contactId !== undefined && { [`${prefix}contact-id`]: contactId }),
    [`${prefix}field`]: field,
    [`${prefix}consumer`]: consumer,
  };
}
