import { encryptMessage } from '../aws-crypto/encrypt.ts';
import { assertValidity, type Consumer } from '../consumers/consumer.ts';
import { base64 } from '../encoding/base64.ts';
import { FlowKeysError } from '../errors.ts';
import { encryptJwe } from './jwe.ts';

/** What an encrypted input says of itself, so that a consumer can tell what it was given. */
export interface InputLabels {
  readonly contactId?: string;
  readonly field: string;
}

/** The provider id (key namespace) of the messages in the format `aws-encryption-sdk`; the key name is the consumer's. */
export const relayProviderId = 'flow-security-keys';

/** What stands before the names of this product's header parameters, which makes them collision-resistant. */
const headerPrefix = 'urn:flow-security-keys:';

/**
 * Encrypts an input for a consumer: a message of the AWS Encryption SDK as base64 text, or a JWE (RFC 7516) in compact
 * form. Contact id, field and consumer are bound to it: in the encryption context as `contact-id`, `field` and
 * `consumer`, or in the protected header under the same names after `urn:flow-security-keys:`.
 *
 * @throws FlowKeysError `invalid_consumer` when the consumer's certificate is not valid now, or its key cannot be used
 */
export async function encryptFor(consumer: Consumer, plaintext: Uint8Array, labels: InputLabels): Promise<string> {
  assertValidity(consumer);
  try {
    return await encrypters[consumer.format](consumer, plaintext, labels);
  } catch (cause) {
    throw new FlowKeysError(
      'invalid_consumer',
      `Consumer ${consumer.name} cannot be encrypted for: its publicKey does not encrypt. Register another one.`,
      { cause },
    );
  }
}

const encrypters: Readonly<
  Record<Consumer['format'], (consumer: Consumer, plaintext: Uint8Array, labels: InputLabels) => Promise<string>>
> = {
  async 'aws-encryption-sdk'({ name, publicKey }, plaintext, labels) {
    const recipient = { providerId: relayProviderId, keyName: name, publicKey };
    return base64(await encryptMessage(plaintext, recipient, named('', name, labels)));
  },
  jwe({ name, publicKey, algorithm, kid }, plaintext, labels) {
    const iat = Math.floor(Date.now() / 1_000);
    const header = { alg: algorithm, enc: 'A256GCM', kid, iat, ...named(headerPrefix, name, labels) } as const;
    return encryptJwe(plaintext, publicKey, header);
  },
};

function named(prefix: string, consumer: string, { contactId, field }: InputLabels): Readonly<Record<string, string>> {
  return {
    ...(contactId !== undefined && { [`${prefix}contact-id`]: contactId }),
    [`${prefix}field`]: field,
    [`${prefix}consumer`]: consumer,
  };
}
