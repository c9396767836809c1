import { fulfilledOf } from '../concurrency.ts';
import { derTag, objectIdentifier, readDer, sameBytes, writeDer } from '../encoding/der.ts';
import { FlowKeysError } from '../errors.ts';
import { keyBlocks, type PemBlock } from './key-text.ts';

const minimumModulusBits = 2048;

const { rsaEncryption, ecPublicKey } = objectIdentifier;

/** Connect wraps data keys with RSA-OAEP, with SHA-512 as the hash and in MGF1. */
const wrappingAlgorithm = { name: 'RSA-OAEP', hash: 'SHA-512' } as const;

/**
 * Imports every usable RSA private key in a text: PKCS#8 or PKCS#1, in any form that {@link keyBlocks} reads. The
 * CryptoKeys can only unwrap and cannot be exported.
 *
 * @param subject the subject of the error message: `The stored private key of key id …`
 * @throws FlowKeysError `invalid_private_key`, which says what the text is instead and which openssl command converts it
 */
export async function importPrivateKeys(text: string, subject: string): Promise<readonly CryptoKey[]> {
  const imported = await importBlocks(text, subject);
  return imported.map(({ privateKey }) => privateKey);
}

/**
 * Returns the first usable RSA private key in a text as PKCS#8 DER.
 *
 * @throws FlowKeysError `invalid_private_key`, as {@link importPrivateKeys} does
 */
export async function privateKeyDer(text: string, subject: string): Promise<Uint8Array<ArrayBuffer>> {
  const [first] = await importBlocks(text, subject);
  if (first === undefined) throw unusable(subject, damaged);
  return first.pkcs8;
}

interface ImportedBlock {
  readonly privateKey: CryptoKey;
  readonly pkcs8: Uint8Array<ArrayBuffer>;
}

function importBlocks(text: string, subject: string): Promise<readonly ImportedBlock[]> {
  const blocks = keyBlocks(text);
  const usable = blocks.filter(({ label, isEncrypted }) => label in pkcs8Of && !isEncrypted);
  if (usable.length > 0) return fulfilledOf(usable.map((block) => importBlock(block, subject)));
  // An unusable private key explains more than what stands before it.
  throw unusable(subject, describe(text, blocks.find(({ label }) => label.endsWith('PRIVATE KEY')) ?? blocks[0]));
}

/** Converts a block's DER to PKCS#8, the only form that Web Crypto imports. */
const pkcs8Of: Readonly<Record<string, (der: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>>> = {
  'PRIVATE KEY': (pkcs8) => pkcs8,
  // RFC 5208, section 5: PrivateKeyInfo around the RSAPrivateKey of RFC 8017.
  'RSA PRIVATE KEY': (pkcs1) =>
    writeDer(
      derTag.sequence,
      writeDer(derTag.integer, new Uint8Array([0])),
      writeDer(derTag.sequence, writeDer(derTag.objectIdentifier, rsaEncryption), writeDer(derTag.null)),
      writeDer(derTag.octetString, pkcs1),
    ),
};

async function importBlock({ label, der }: PemBlock, subject: string): Promise<ImportedBlock> {
  const pkcs8 = der && pkcs8Of[label]?.(der);
  const algorithm = pkcs8 && algorithmOf(pkcs8);
  if (pkcs8 === undefined || algorithm === undefined) throw unusable(subject, damaged);
  if (!sameBytes(algorithm, rsaEncryption))
    throw unusable(subject, sameBytes(algorithm, ecPublicKey) ? ec : otherAlgorithm);
  const privateKey = await importPkcs8(pkcs8, subject);
  const bits = modulusBits(privateKey);
  if (bits < minimumModulusBits) {
    throw unusable(subject, {
      found: `an RSA key of ${bits} bits; at least ${minimumModulusBits} are needed`,
      next: 'Create a larger one with "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private-key.pem" and upload its public key to Connect.',
    });
  }
  return { privateKey, pkcs8 };
}

async function importPkcs8(pkcs8: Uint8Array<ArrayBuffer>, subject: string): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey('pkcs8', pkcs8, wrappingAlgorithm, false, ['unwrapKey']);
  } catch {
    throw unusable(subject, damaged);
  }
}

function modulusBits({ algorithm }: CryptoKey): number {
  return 'modulusLength' in algorithm && typeof algorithm.modulusLength === 'number' ? algorithm.modulusLength : 0;
}

/** The length of a ciphertext of an RSA key, in bytes. */
export function modulusBytes(key: CryptoKey): number {
  return Math.ceil(modulusBits(key) / 8);
}

/** Reads the algorithm's object identifier from a PrivateKeyInfo (RFC 5208, section 5). */
function algorithmOf(pkcs8: Uint8Array<ArrayBuffer>): Uint8Array | undefined {
  const info = readDer(pkcs8);
  const version = info?.tag === derTag.sequence ? readDer(info.content) : undefined;
  const algorithm = info && version && readDer(info.content, version.end);
  const identifier = algorithm?.tag === derTag.sequence ? readDer(algorithm.content) : undefined;
  return identifier?.tag === derTag.objectIdentifier ? identifier.content : undefined;
}

interface Finding {
  /** Completes "The stored private key is …". */
  readonly found: string;
  /** What to do about it. */
  readonly next: string;
}

const makeKey =
  'Store the RSA private key: "openssl pkcs8 -topk8 -nocrypt -in key.pem -out private-key.pem" writes it in the right form.';
const useRsa =
  'Connect accepts only RSA keys. Create one with "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private-key.pem".';
const decrypt =
  '"flow-keys keys import FILE" asks for its passphrase and stores the key without one. It writes nothing decrypted to disk.';
const publicPart =
  'Store the private key that belongs to it. "openssl pkey -in private-key.pem -pubout" prints the public key of a private key.';

const damaged: Finding = {
  found: 'a damaged private key',
  next: 'Check it with "openssl pkey -in private-key.pem -check -noout", then store the whole key again.',
};
const ec: Finding = { found: 'an EC private key', next: useRsa };
const otherAlgorithm: Finding = { found: 'a private key for another algorithm than RSA encryption', next: useRsa };

const findings: Readonly<Record<string, Finding>> = {
  'ENCRYPTED PRIVATE KEY': { found: 'an encrypted PKCS#8 private key', next: decrypt },
  'RSA PRIVATE KEY': { found: 'an encrypted PKCS#1 private key', next: decrypt },
  'EC PRIVATE KEY': ec,
  'EC PARAMETERS': ec,
  'OPENSSH PRIVATE KEY': {
    found: 'an OpenSSH private key',
    next: 'If it is an RSA key, convert a copy with "ssh-keygen -p -m PKCS8 -N \'\' -f copy-of-key".',
  },
  'PUBLIC KEY': { found: 'a public key', next: publicPart },
  'RSA PUBLIC KEY': { found: 'a public key', next: publicPart },
  CERTIFICATE: {
    found: 'a certificate',
    next: 'Store the private key that belongs to it. "openssl x509 -in certificate.pem -noout -pubkey" prints its public key.',
  },
  PKCS12: {
    found: 'a PKCS#12 file',
    next: 'Extract the key and store it: "openssl pkcs12 -in FILE -nocerts -noenc | flow-keys keys import -".',
  },
  'CERTIFICATE REQUEST': { found: 'a certificate request', next: publicPart },
};

function describe(text: string, block: PemBlock | undefined): Finding {
  if (block !== undefined) {
    return findings[block.label] ?? { found: 'PEM text of another type', next: makeKey };
  }
  if (text.trim() === '') return { found: 'empty', next: makeKey };
  if (text.includes('-----BEGIN')) return { found: 'PEM text cut short', next: damaged.next };
  return { found: 'not a private key in PEM, DER, base64 of these, or JWK', next: makeKey };
}

function unusable(subject: string, { found, next }: Finding): FlowKeysError {
  return new FlowKeysError('invalid_private_key', `${subject} is ${found}. ${next}`);
}
