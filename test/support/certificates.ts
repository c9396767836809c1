import 'reflect-metadata';
import { X509Certificate, X509CertificateGenerator } from '@peculiar/x509';

const algorithm = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
let keys: Promise<CryptoKeyPair> | undefined;

/** A self-signed certificate in PEM, with its validity in days from now. */
export async function certificateOf(from: number, to: number): Promise<string> {
  keys ??= crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const day = (days: number) => new Date(Date.now() + days * 86_400_000);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    keys: await keys,
    notBefore: day(from),
    notAfter: day(to),
    signingAlgorithm: algorithm,
  });
  return certificate.toString('pem');
}

/** The public key of a certificate, both in PEM. */
export function publicKeyOf(certificate: string): string {
  return new X509Certificate(certificate).publicKey.toString('pem');
}
