import { derTag, objectIdentifier, readDer, sameBytes, writeDer } from '../encoding/der.ts';
import { FlowKeysError } from '../errors.ts';
import { keyBlocks, type PemBlock } from './key-text.ts';

const minimumModulusBits = 2048;

const { rsaEncryption, ecPublicKey } = objectIdentifier;

/** What Connect wraps data keys with: RSA-OAEP with SHA-512 for the hash and for MGF1. */
const wrappingAlgorithm = { name: 'RSA-OAEP', hash: 'SHA-512' } as const;

/**
 * Imports every usable RSA private key in a text: PKCS#8 or PKCS#1, in each form that {@link keyBlocks} reads. The
 * CryptoKeys only unwrap, and cannot be exported.
 *
 * @param subject what the text is to its reader, for an error: `What is stored as the private key of key id …`
 * @throws FlowKeysError `invalid_private_key`, naming what the text is instead and the openssl command
 *   that converts it
 */
export async function importPrivateKeys(text: string, subject: string): Promise<readonly CryptoKey[]> {
  const usable = usableBlocks(text, subject);
  const imports = await Promise.allSettled(usable.map((block) => importBlock(block, subject)));
  const privateKeys = imports.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failure = imports.find((outcome) => outcome.status === 'rejected');
  if (privateKeys.length === 0 && failure !== undefined) throw failure.reason;
  return privateKeys;
}

/**
 * The first RSA private key of a text, as DER of PKCS#8.
 *
 * @throws FlowKeysError `invalid_private_key`, as {@link importPrivateKeys}
 */
export async function privateKeyDer(text: string, subject: string): Promise<Uint8Array<ArrayBuffer>> {
  await importPrivateKeys(text, subject);
  for (const block of usableBlocks(text, subject)) {
    const imported = await importBlock(block, subject).catch(() => undefined);
    const pkcs8 = block.der && pkcs8Of[block.label]?.(block.der);
    if (imported !== undefined && pkcs8 !== undefined) return pkcs8;
  }
  throw unusable(subject, damaged);
}

function usableBlocks(text: string, subject: string): readonly PemBlock[] {
  const blocks = keyBlocks(text);
  const usable = blocks.filter(({ label, isEncrypted }) => label in pkcs8Of && !isEncrypted);
  if (usable.length > 0) return usable;
  // A private key that cannot be used is what somebody stored, whatever stands before it.
  throw unusable(subject, describe(text, blocks.find(({ label }) => label.endsWith('PRIVATE KEY')) ?? blocks[0]));
}

/** From a block's DER to PKCS#8, the only form that WebCrypto imports. */
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

async function importBlock({ label, der }: PemBlock, subject: string): Promise<CryptoKey> {
  const pkcs8 = der && pkcs8Of[label]?.(der);
  if (pkcs8 === undefined) throw unusable(subject, damaged);
  const algorithm = algorithmOf(pkcs8);
  if (algorithm === undefined) throw unusable(subject, damaged);
  if (!sameBytes(algorithm, rsaEncryption))
    throw unusable(subject, sameBytes(algorithm, ecPublicKey) ? ec : otherAlgorithm);
  const key = await importPkcs8(pkcs8, subject);
  const bits = modulusBits(key);
  if (bits < minimumModulusBits) {
    throw unusable(subject, {
      found: `an RSA key of ${bits} bits; at least ${minimumModulusBits} are needed`,
      next: 'Make a larger one with "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private-key.pem" and upload its public key to Connect.',
    });
  }
  return key;
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

/** How long what is encrypted with an RSA key is, in bytes. */
export function modulusBytes(key: CryptoKey): number {
  return Math.ceil(modulusBits(key) / 8);
}

/** The algorithm's object identifier in a PrivateKeyInfo (RFC 5208, section 5). */
function algorithmOf(pkcs8: Uint8Array<ArrayBuffer>): Uint8Array | undefined {
  const info = readDer(pkcs8);
  const version = info?.tag === derTag.sequence ? readDer(info.content) : undefined;
  const algorithm = info && version && readDer(info.content, version.end);
  const identifier = algorithm?.tag === derTag.sequence ? readDer(algorithm.content) : undefined;
  return identifier?.tag === derTag.objectIdentifier ? identifier.content : undefined;
}

interface Finding {
  /** What the text is, after "is". */
  readonly found: string;
  /** What to do about it. */
  readonly next: string;
}

const makeKey =
  'Store the RSA private key: "openssl pkcs8 -topk8 -nocrypt -in key.pem -out private-key.pem" writes it as it is needed.';
const useRsa =
  'Connect takes RSA keys only: make one with "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out private-key.pem".';
const decrypt =
  '"flow-keys keys import FILE" asks for its passphrase, and stores the key without one; nothing decrypted is written to a disk.';
const publicPart =
  'Store the private key that belongs to it; "openssl pkey -in private-key.pem -pubout" shows which one does.';

const damaged: Finding = {
  found: 'a damaged private key',
  next: 'Check it with "openssl pkey -in private-key.pem -check -noout" and store it again, with all its lines.',
};
const ec: Finding = { found: 'an EC private key', next: useRsa };
const otherAlgorithm: Finding = { found: 'a private key of another algorithm than RSA encryption', next: useRsa };

const findings: Readonly<Record<string, Finding>> = {
  'ENCRYPTED PRIVATE KEY': { found: 'an encrypted PKCS#8 private key', next: decrypt },
  'RSA PRIVATE KEY': { found: 'an encrypted PKCS#1 private key', next: decrypt },
  'EC PRIVATE KEY': ec,
  'EC PARAMETERS': ec,
  'OPENSSH PRIVATE KEY': {
    found: 'an OpenSSH private key',
    next: 'Convert a copy with "ssh-keygen -p -m PKCS8 -N \'\' -f copy-of-key" if it is an RSA key.',
  },
  'PUBLIC KEY': { found: 'a public key', next: publicPart },
  'RSA PUBLIC KEY': { found: 'a public key', next: publicPart },
  CERTIFICATE: {
    found: 'a certificate',
    next: 'Store the private key that belongs to it; "openssl x509 -in certificate.pem -noout -pubkey" shows its public key.',
  },
  PKCS12: {
    found: 'a PKCS#12 file',
    next: 'Take the key out of it, and store it: "openssl pkcs12 -in FILE -nocerts -noenc | flow-keys keys import -".',
  },
  'CERTIFICATE REQUEST': { found: 'a certificate request', next: publicPart },
};

function describe(text: string, block: PemBlock | undefined): Finding {
  if (block !== undefined) {
    return findings[block.label] ?? { found: 'PEM text of another kind', next: makeKey };
  }
  if (text.trim() === '') return { found: 'empty', next: makeKey };
  if (text.includes('-----BEGIN')) return { found: 'PEM text cut short', next: damaged.next };
  return {
    found: 'no private key: neither PEM, DER, base64 of these, nor a JWK',
    next: makeKey,
  };
}

function unusable(subject: string, { found, next }: Finding): FlowKeysError {
  return new FlowKeysError('invalid_private_key', `${subject} is ${found}. ${next}`);
}
