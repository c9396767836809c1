import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';
import { isRecord, parseJson } from '../encoding/json.ts';
import { FlowKeysError } from '../errors.ts';
import { assertConsumerName, isField, isKeyId } from '../identifiers.ts';
import { certificateAge } from '../keys/certificate.ts';
import { holdsPrivateKey } from '../keys/holds-private-key.ts';
import { type ConsumerKey, privateKey, readConsumerKey, type UnusableKey } from './public-key.ts';

/** What is made for a consumer: a message of the AWS Encryption SDK, or a JWE in compact form. */
export const consumerFormats = ['aws-encryption-sdk', 'jwe'] as const;

/** The format in which a consumer gets its ciphertexts. */
export type ConsumerFormat = (typeof consumerFormats)[number];

/** Stands in a list for everything. */
export const everything = '*';

/** A system that reads inputs: whom the service encrypts for again, and what it may have. */
export interface Consumer {
  readonly name: string;
  readonly format: ConsumerFormat;
  /** The key ids of the messages that it may have; `*` among them stands for all. */
  readonly keyIds: readonly string[];
  /** The fields that it may have; `*` among them stands for all. */
  readonly fields: readonly string[];
  readonly publicKey: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
  /** The JWK's own `kid`, or else the key's thumbprint (RFC 7638), so that a consumer with several keys finds it. */
  readonly kid: string;
  /** The algorithm that wraps the content key, as RFC 7518, section 4.1, names it. */
  readonly algorithm: 'RSA-OAEP-512' | 'RSA-OAEP-256' | 'ECDH-ES+A256KW';
  /** The certificate's, in milliseconds since 1970; both ends belong to it. */
  readonly validity?: { readonly notBefore: number; readonly notAfter: number };
}

const members = ['format', 'publicKey', 'keyIds', 'fields'];
const minimumModulusBits = 2048;
const minimumPublicExponent = 65537;

/**
 * Reads and checks a consumer's document, JSON:
 * `{ "format": "aws-encryption-sdk" | "jwe", "publicKey": …, "keyIds": […], "fields": […] }`. The public key is PEM
 * text (a SubjectPublicKeyInfo or an X.509 certificate) or a JWK: RSA of 2048 bits or more, or for `jwe` one on
 * P-256 or X25519, too. Both lists are required: what is not in them is refused, and `"*"` in one stands for all. A
 * certificate is not asked for its validity here, but whenever something is encrypted.
 *
 * @throws FlowKeysError `invalid_consumer_name`; `invalid_consumer`, which says what is wrong, and quotes nothing
 * @example
 * const consumer = await parseConsumer('billing', await readFile('billing.json', 'utf8'));
 */
export async function parseConsumer(name: string, text: string): Promise<Consumer> {
  assertConsumerName(name);
  const document = parseDocument(name, text);
  const { format, publicKey } = document;
  const keyIds = listOf(name, document, 'keyIds');
  const fields = listOf(name, document, 'fields');
  if (format !== 'aws-encryption-sdk' && format !== 'jwe') {
    throw invalid(name, `its format is none of ${consumerFormats.join(', ')}`, 'Name one of them.');
  }
  const read = readConsumerKey(publicKey);
  if ('found' in read) throw unusable(name, read);
  const algorithm = algorithmOf(name, format, read);
  const key = await importKey(name, read, algorithm);
  return {
    name,
    format,
    keyIds,
    fields,
    publicKey: key,
    kid: read.kid ?? (await thumbprint(key)),
    algorithm,
    ...(read.validity && { validity: read.validity }),
  };
}

/** Whether a list of a consumer's, or of a caller's, allows something. */
export function allows(list: readonly string[], value: string): boolean {
  return list.includes(everything) || list.includes(value);
}

/**
 * Asserts that the consumer's certificate, if it has one, is valid at this time.
 *
 * @throws FlowKeysError `invalid_consumer`
 */
export function assertValidity({ name, validity }: Consumer, time = Date.now()): void {
  if (validity === undefined) return;
  const date = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);
  const next = 'Register one that is valid.';
  const age = certificateAge(validity, time);
  if (age === 'expired') throw invalid(name, `its certificate expired on ${date(validity.notAfter)}`, next);
  if (age !== 'not yet valid') return;
  throw invalid(name, `its certificate is not valid before ${date(validity.notBefore)}`, next);
}

function parseDocument(name: string, text: string): Readonly<Record<string, unknown>> {
  if (holdsPrivateKey(text)) throw unusable(name, privateKey);
  const document = parseJson(text);
  if (document === undefined) throw invalid(name, 'it is no JSON', `Store an object of ${members.join(', ')}.`);
  if (!isRecord(document)) throw invalid(name, 'it is no JSON object', `Store an object of ${members.join(', ')}.`);
  if (Object.keys(document).every((member) => members.includes(member))) return document;
  throw invalid(name, 'it has a member that is not known', `It may have ${members.join(', ')}.`);
}

function listOf(
  name: string,
  document: Readonly<Record<string, unknown>>,
  member: 'keyIds' | 'fields',
): readonly string[] {
  const list = document[member];
  const isEntry = { keyIds: isKeyId, fields: isField }[member];
  const next = `Name what it may have, or ["${everything}"] for all.`;
  if (!Array.isArray(list)) throw invalid(name, `its ${member} are no list`, next);
  if (list.every((entry) => entry === everything || isEntry(entry))) return list;
  throw invalid(name, `one of its ${member} can be none`, next);
}

function algorithmOf(name: string, format: ConsumerFormat, { kind, alg }: ConsumerKey): Consumer['algorithm'] {
  const algorithm =
    format === 'jwe'
      ? kind === 'RSA'
        ? 'RSA-OAEP-256'
        : 'ECDH-ES+A256KW'
      : kind === 'RSA'
        ? 'RSA-OAEP-512'
        : undefined;
  if (algorithm === undefined) {
    throw invalid(name, 'the format aws-encryption-sdk takes RSA keys only', 'Register one, or use the format jwe.');
  }
  if (alg === undefined || alg === algorithm) return algorithm;
  throw invalid(
    name,
    `its JWK is for another algorithm than ${algorithm}`,
    'Leave "alg" out, or register a key for it.',
  );
}

const importAlgorithms = {
  RSA: { name: 'RSA-OAEP' },
  'P-256': { name: 'ECDH', namedCurve: 'P-256' },
  X25519: { name: 'X25519' },
} as const;

async function importKey(
  name: string,
  { kind, key }: ConsumerKey,
  algorithm: Consumer['algorithm'],
): Promise<CryptoKey> {
  const hash = algorithm === 'RSA-OAEP-512' ? 'SHA-512' : 'SHA-256';
  const parameters = { ...importAlgorithms[kind], ...(kind === 'RSA' && { hash }) };
  const usages: KeyUsage[] =
    algorithm === 'RSA-OAEP-512' ? ['wrapKey'] : algorithm === 'RSA-OAEP-256' ? ['encrypt'] : [];
  let imported: CryptoKey;
  try {
    imported = await (key instanceof Uint8Array
      ? crypto.subtle.importKey('spki', key, parameters, true, usages)
      : crypto.subtle.importKey('jwk', key, parameters, true, usages));
  } catch {
    throw unusable(name, { found: 'damaged', next: 'Register it again, whole.' });
  }
  if (kind === 'RSA') assertStrongRsa(name, imported);
  return imported;
}

function assertStrongRsa(name: string, { algorithm }: CryptoKey): void {
  const bits = 'modulusLength' in algorithm ? Number(algorithm.modulusLength) : 0;
  if (bits < minimumModulusBits) {
    throw unusable(name, { found: `an RSA key of ${bits} bits`, next: `At least ${minimumModulusBits} are needed.` });
  }
  const digits =
    'publicExponent' in algorithm && algorithm.publicExponent instanceof Uint8Array
      ? [...algorithm.publicExponent]
      : [];
  const exponent = digits.reduce((value, byte) => value * 256 + byte, 0);
  // The last byte tells, also of what is too large for a number.
  const isOdd = (digits.at(-1) ?? 0) % 2 === 1;
  if (exponent >= minimumPublicExponent && isOdd) return;
  throw unusable(name, {
    found: `an RSA key whose public exponent is even, or under ${minimumPublicExponent}`,
    next: 'Make a new one.',
  });
}

async function thumbprint(publicKey: CryptoKey): Promise<string> {
  const { kty = '', ...jwk } = await crypto.subtle.exportKey('jwk', publicKey);
  return calculateJwkThumbprint({ kty, ...jwk });
}

function unusable(name: string, { found, next }: UnusableKey): FlowKeysError {
  return invalid(name, `its publicKey is ${found}`, next);
}

function invalid(name: string, what: string, next: string): FlowKeysError {
  return new FlowKeysError('invalid_consumer', `Consumer ${name} cannot be encrypted for: ${what}. ${next}`);
}
