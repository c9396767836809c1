/**
 * The algorithm suites of the AWS Encryption SDK, by the id that stands in a message header.
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

/** The suite that a header names, or `undefined` for an id that AWS does not list. */
export function suiteById(id: number): AlgorithmSuite | undefined {
  return suitesById.get(id);
}
