import { FlowKeysError } from '../errors.ts';

/**
 * An algorithm suite of the AWS Encryption SDK, identified in the message header.
 *
 * @see https://docs.aws.amazon.com/encryption-sdk/latest/developer-guide/algorithms-reference.html
 */
export interface AlgorithmSuite {
  /** Four hexadecimal digits, as the AWS documentation writes it: `0378`. */
  readonly id: string;
  /** The name in the AWS Encryption SDK for JavaScript. */
  readonly name: string;
  /** 1, or 2 for the suites that commit to their data key. */
  readonly messageVersion: 1 | 2;
  /** The curve and hash of the message signature; absent for unsigned suites. */
  readonly signature?: { readonly namedCurve: 'P-256' | 'P-384'; readonly hash: 'SHA-256' | 'SHA-384' };
}

const p256 = { namedCurve: 'P-256', hash: 'SHA-256' } as const;
const p384 = { namedCurve: 'P-384', hash: 'SHA-384' } as const;

const suites: readonly AlgorithmSuite[] = [
  { id: '0014', messageVersion: 1, name: 'ALG_AES128_GCM_IV12_TAG16' },
  { id: '0046', messageVersion: 1, name: 'ALG_AES192_GCM_IV12_TAG16' },
  { id: '0078', messageVersion: 1, name: 'ALG_AES256_GCM_IV12_TAG16' },
  { id: '0114', messageVersion: 1, name: 'ALG_AES128_GCM_IV12_TAG16_HKDF_SHA256' },
  { id: '0146', messageVersion: 1, name: 'ALG_AES192_GCM_IV12_TAG16_HKDF_SHA256' },
  { id: '0178', messageVersion: 1, name: 'ALG_AES256_GCM_IV12_TAG16_HKDF_SHA256' },
  { id: '0214', messageVersion: 1, name: 'ALG_AES128_GCM_IV12_TAG16_HKDF_SHA256_ECDSA_P256', signature: p256 },
  { id: '0346', messageVersion: 1, name: 'ALG_AES192_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384', signature: p384 },
  { id: '0378', messageVersion: 1, name: 'ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384', signature: p384 },
  { id: '0478', messageVersion: 2, name: 'ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY' },
  {
    id: '0578',
    messageVersion: 2,
    name: 'ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY_ECDSA_P384',
    signature: p384,
  },
];

const suitesById: ReadonlyMap<number, AlgorithmSuite> = new Map(
  suites.map((suite) => [Number.parseInt(suite.id, 16), suite]),
);

/** Returns the suite with this id, or `undefined` if AWS does not list it. */
export function suiteById(id: number): AlgorithmSuite | undefined {
  return suitesById.get(id);
}

/**
 * Which messages to decrypt. `connect`: only messages like Connect's, with the signed suite 0378 or its committing
 * successor 0578, one encrypted data key, a small encryption context, and frames of 4,096 bytes. `all`: every suite
 * that the AWS packages support, with up to 8 encrypted data keys.
 */
export type SuitePolicy = 'connect' | 'all';

/**
 * Limits what a message can cost: each encrypted data key may take a private-key operation, and each key id a store
 * request. A message beyond the limits is rejected while it is parsed, so parsing stays cheap, too.
 */
export interface MessagePolicy {
  readonly suites?: readonly string[];
  readonly maxEncryptedDataKeys: number;
  readonly maxContextEntries: number;
  readonly maxContextBytes: number;
  readonly frameLength?: number;
}

const anyContext = { maxContextEntries: 100, maxContextBytes: 65_535 };

export const messagePolicies: Readonly<Record<SuitePolicy | 'inspect', MessagePolicy>> = {
  connect: {
    suites: ['0378', '0578'],
    maxEncryptedDataKeys: 1,
    maxContextEntries: 8,
    maxContextBytes: 1_024,
    frameLength: 4_096,
  },
  all: { ...anyContext, maxEncryptedDataKeys: 8 },
  inspect: { ...anyContext, maxEncryptedDataKeys: 100 },
};

/** @throws FlowKeysError `unsupported_message` */
export function assertSuite({ id }: AlgorithmSuite, { suites }: MessagePolicy): void {
  if (suites === undefined || suites.includes(id)) return;
  throw unsupported(`is encrypted with suite ${id}`);
}

/** @throws FlowKeysError `unsupported_message` */
export function assertEncryptedDataKeys(count: number, { maxEncryptedDataKeys: most }: MessagePolicy): void {
  if (count > most) throw unsupported(`holds ${count} encrypted data keys, more than ${most}`);
}

/** @throws FlowKeysError `unsupported_message` */
export function assertContext(
  { entries, bytes }: { readonly entries: number; readonly bytes: number },
  { maxContextEntries, maxContextBytes }: MessagePolicy,
): void {
  if (bytes > maxContextBytes) {
    throw unsupported(`has an encryption context of ${bytes} bytes, more than ${maxContextBytes}`);
  }
  if (entries > maxContextEntries) {
    throw unsupported(`has ${entries} entries in its encryption context, more than ${maxContextEntries}`);
  }
}

/** @throws FlowKeysError `unsupported_message` */
export function assertFrameLength(length: number, { frameLength }: MessagePolicy): void {
  if (frameLength !== undefined && length !== frameLength) throw unsupported(`has frames of ${length} bytes`);
}

function unsupported(what: string): FlowKeysError {
  return new FlowKeysError(
    'unsupported_message',
    `The message ${what}, so Connect did not make it. The policy suites: 'all' accepts what the AWS SDKs make, with up to 8 encrypted data keys.`,
  );
}
