import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import consumerKeys from '../recordings/consumer-keys.json' with { type: 'json' };
import { testConsumers } from '../recordings/consumers.ts';
import { pem, testKeys } from '../recordings/recordings.ts';

const certificate = pem('CERTIFICATE', consumerKeys.keys['P-256'].certificate);

/** A consumer that may receive only one field. */
export const limitedConsumer = 'expiry-only';
/** A consumer whose document holds a private key. */
export const brokenConsumer = 'broken';

/** The documents in the stores under test, by consumer name: public keys in each form. */
export function consumerDocuments(): ReadonlyMap<string, string> {
  const all = { keyIds: ['*'], fields: ['*'] };
  const publicKeys: Readonly<Record<string, unknown>> = {
    ledger: spki(publicKeyOf('ledger')),
    billing: publicKeyOf('billing').export({ format: 'jwk' }),
    'fraud-check': certificate,
    archive: { ...publicKeyOf('archive').export({ format: 'jwk' }), kid: 'archive-2026', use: 'enc' },
  };
  return new Map<string, string>([
    ...testConsumers.map(
      ({ name, format }) => [name, JSON.stringify({ format, publicKey: publicKeys[name], ...all })] as const,
    ),
    [
      limitedConsumer,
      JSON.stringify({ format: 'jwe', publicKey: spki(publicKeyOf('billing')), keyIds: ['*'], fields: ['expiry'] }),
    ],
    [
      brokenConsumer,
      JSON.stringify({ format: 'jwe', publicKey: pem('PRIVATE KEY', testKeys[0]?.privateKeyPkcs8 ?? ''), ...all }),
    ],
  ]);
}

/** The name of the parameter that holds a consumer's document. */
export function consumerParameterName(name: string): string {
  return `/amazon-connect/encryption/consumers/${name}`;
}

export function publicKeyOf(name: string): KeyObject {
  return createPublicKey(privateKeyOf(name));
}

/** The private key of a test consumer. */
export function privateKeyOf(name: string): KeyObject {
  const consumer = testConsumers.find((known) => known.name === name);
  if (consumer === undefined) throw new Error(`There is no test consumer ${name}.`);
  return createPrivateKey(pem('PRIVATE KEY', consumer.privateKey));
}

export function spki(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}
