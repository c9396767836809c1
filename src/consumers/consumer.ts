import { calculateJwkThumbprint } from 'jose/jwk/thumbprint';
import { hex } from '../encoding/base64.ts';
import { isRecord, parseJson } from '../encoding/json.ts';
import { FlowKeysError } from '../errors.ts';
import { assertConsumerName, isField, isKeyId } from '../identifiers.ts';
import { certificateAge, type Validity } from '../keys/certificate.ts';
import { holdsPrivateKey } from '../keys/holds-private-key.ts';
import { type ConsumerKey, privateKey, readConsumerKey, type UnusableKey } from './public-key.ts';

/** The formats that consumers can receive: an AWS Encryption SDK message, or a JWE in compact form. */
export const consumerFormats = ['aws-encryption-sdk', 'jwe'] as const;

/** The format in which a consumer receives its ciphertexts. */
export type ConsumerFormat = (typeof consumerFormats)[number];

/** Stands for everything in a list. */
export const everything = '*';

/** A system that inputs are re-encrypted for, and what it is allowed to have. */
export interface Consumer {
  readonly name: string;
  readonly format: ConsumerFormat;
  /** The key ids of the messages that it may have. `*` stands for all. */
  readonly keyIds: readonly string[];
  /** The fields that it may have. `*` stands for all. */
  readonly fields: readonly string[];
  readonly publicKey: Awaited<ReturnType<typeof crypto.subtle.importKey>>;
  /** The JWK's `kid`, or the key's thumbprint (RFC 7638), so that a consumer with several keys can tell which one to use. */
  readonly kid: string;
  /** The algorithm that encrypts the content key, by its name in RFC 7518, section 4.1. */
  readonly algorithm: 'RSA-OAEP-512' | 'RSA-OAEP-256' | 'ECDH-ES+A256KW';
  /** The certificate's validity, when the public key came in one. */
  readonly validity?: Validity;
}

const members = ['format', 'publicKey', 'keyIds', 'fields'];
const minimumModulusBits = 2048;
const minimumPublicExponent = 65537n;

/**
 * Reads and checks a consumer's JSON document:
 * `{ "format": "aws-encryption-sdk" | "jwe", "publicKey": …, "keyIds": […], "fields": […] }`. The public key is PEM
 * text (a SubjectPublicKeyInfo or an X.509 certificate) or a JWK: RSA of 2048 bits or more, or for `jwe` also P-256 or
 * X25519. Both lists are required and only what they list is allowed; `"*"` stands for all. A certificate's validity is
 * checked at each encryption, not here.
 *
 * @throws FlowKeysError `invalid_consumer_name`; `invalid_consumer`, which says what is wrong without quoting the document
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
    throw invalid(name, 'its format is missing or unknown', `Use one of ${consumerFormats.join(', ')}.`);
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

/** Returns whether a consumer's or a caller's list allows a value. */
export function allows(list: readonly string[], value: string): boolean {
  return list.includes(everything) || list.includes(value);
}

/**
 * Checks that the consumer's certificate, if it has one, is valid now.
 *
 * @throws FlowKeysError `invalid_consumer`
 */
export function assertValidity({ name, validity }: Consumer, time = Date.now()): void {
  if (validity === undefined) return;
  const date = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);
  const next = 'Register a valid one.';
  const age = certificateAge(validity, time);
  if (age === 'expired') throw invalid(name, `its certificate expired on ${date(validity.notAfter)}`, next);
  if (age !== 'not yet valid') return;
  throw invalid(name, `its certificate is not valid before ${date(validity.notBefore)}`, next);
}

function parseDocument(name: string, text: string): Readonly<Record<string, unknown>> {
  if (holdsPrivateKey(text)) throw unusable(name, privateKey);
  const document = parseJson(text);
  if (!isRecord(document))
    throw invalid(name, 'its document is not a JSON object', `Store one with ${members.join(', ')}.`);
  if (Object.keys(document).every((member) => members.includes(member))) return document;
  throw invalid(name, 'its document has an unknown member', `The members are ${members.join(', ')}.`);
}

function listOf(
  name: string,
  document: Readonly<Record<string, unknown>>,
  member: 'keyIds' | 'fields',
): readonly string[] {
  const list = document[member];
  const isEntry = { keyIds: isKeyId, fields: isField }[member];
  const next = `List what it may have, or use ["${everything}"] for all.`;
  if (!Array.isArray(list)) throw invalid(name, `its ${member} are not a list`, next);
  if (list.every((entry) => entry === everything || isEntry(entry))) return list;
  throw invalid(name, `one of its ${member} is invalid`, next);
}

const algorithms: Readonly<Record<ConsumerFormat, Partial<Record<ConsumerKey['kind'], Consumer['algorithm']>>>> = {
  'aws-encryption-sdk': { RSA: 'RSA-OAEP-512' },
  jwe: { RSA: 'RSA-OAEP-256', 'P-256': 'ECDH-ES+A256KW', X25519: 'ECDH-ES+A256KW' },
};

function algorithmOf(name: string, format: ConsumerFormat, { kind, alg }: ConsumerKey): Consumer['algorithm'] {
  const algorithm = algorithms[format][kind];
  if (algorithm === undefined) {
    throw invalid(name, `the format ${format} needs an RSA key`, 'Register one, or use the format jwe.');
  }
  if (alg === undefined || alg === algorithm) return algorithm;
  throw invalid(name, `its JWK is not for ${algorithm}`, 'Leave "alg" out, or register a key for this algorithm.');
}

const importAlgorithms = {
  RSA: { name: 'RSA-OAEP' },
  'P-256': { name: 'ECDH', namedCurve: 'P-256' },
  X25519: { name: 'X25519' },
} as const;

const usages: Readonly<Record<Consumer['algorithm'], KeyUsage[]>> = {
  'RSA-OAEP-512': ['wrapKey'],
  'RSA-OAEP-256': ['encrypt'],
  'ECDH-ES+A256KW': [],
};

async function importKey(
  name: string,
  { kind, key }: ConsumerKey,
  algorithm: Consumer['algorithm'],
): Promise<CryptoKey> {
  const parameters = { ...importAlgorithms[kind], hash: algorithm === 'RSA-OAEP-512' ? 'SHA-512' : 'SHA-256' };
  let imported: CryptoKey;
  try {
    imported = await (key instanceof Uint8Array
      ? crypto.subtle.importKey('spki', key, parameters, true, usages[algorithm])
      : crypto.subtle.importKey('jwk', key, parameters, true, usages[algorithm]));
  } catch {
    throw unusable(name, { found: 'damaged', next: 'Register the whole key again.' });
  }
  if (kind === 'RSA') assertStrongRsa(name, imported);
  return imported;
}

function assertStrongRsa(name: string, { algorithm }: CryptoKey): void {
  const bits = 'modulusLength' in algorithm ? Number(algorithm.modulusLength) : 0;
  if (bits < minimumModulusBits) {
    throw unusable(name, {
      found: `an RSA key of ${bits} bits`,
      next: `It needs at least ${minimumModulusBits} bits.`,
    });
  }
  const digits =
    'publicExponent' in algorithm && algorithm.publicExponent instanceof Uint8Array && algorithm.publicExponent;
  const exponent = digits ? BigInt(`0x0${hex(digits)}`) : 0n;
  if (exponent >= minimumPublicExponent && exponent % 2n === 1n) return;
  throw unusable(name, {
    found: `an RSA key whose public exponent is even or less than ${minimumPublicExponent}`,
    next: 'Create a new key.',
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
  return new FlowKeysError('invalid_consumer', `Cannot encrypt for consumer ${name}: ${what}. ${next}`);
}
