import { type KeyObject, X509Certificate } from 'node:crypto';
import { type FlowAction, mapTexts, readFlow, textParameter, textsIn } from '../../src/flow/index.ts';
import { belongsTo } from '../keys/certificate.ts';
import { isSameKey } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';

/** The key in a flow, and the key that replaces it. */
export interface KeySwap {
  readonly oldKeyId: string;
  readonly oldPublicKey: KeyObject;
  readonly newKeyId: string;
  /** As PEM text. */
  readonly newCertificate: string;
}

/** Whether a flow contains the key id. */
export function containsKey(content: string, keyId: string): boolean {
  return textsIn(readFlow(content)).includes(keyId);
}

/**
 * Replaces the old key id and certificate everywhere in a flow: in input blocks, attributes, and the function's parameters.
 *
 * @throws FlowKeysError `invalid_flow`; CommandError `conflict` if the flow has a certificate that the old key signed, or the
 *   old key id without the old certificate
 */
export function swapKey(content: string, { oldKeyId, oldPublicKey, newKeyId, newCertificate }: KeySwap): string {
  readFlow(content);
  const swapped = mapTexts(JSON.parse(content), (text) => {
    if (text === oldKeyId) return newKeyId;
    const certificate = text.includes('-----BEGIN CERTIFICATE-----') ? parseCertificate(text) : undefined;
    if (certificate === undefined) return text;
    if (isSameKey(certificate.publicKey, oldPublicKey)) return newCertificate;
    if (!belongsTo(certificate, oldPublicKey)) return text;
    const message = `The flow contains a certificate of ${certificate.subject.replaceAll('\n', ', ')} that key id ${oldKeyId} signed; issue a new one with "flow-keys certificate issue" under the new key, and edit the flow by hand.`;
    throw new CommandError('conflict', message);
  });
  const written = JSON.stringify(swapped);
  for (const action of readFlow(written).Actions) assertPair(action, newKeyId, newCertificate);
  return written;
}

/** A block with the new key id must have the new certificate, too. */
function assertPair(action: FlowAction, newKeyId: string, newCertificate: string): void {
  if (textParameter(action, 'InputEncryption', 'EncryptionKeyId') !== newKeyId) return;
  if (textParameter(action, 'InputEncryption', 'Key') === newCertificate) return;
  const message = `Block "${action.Identifier}" has the old key id, but not the old key's certificate; edit the flow by hand, so that both change together.`;
  throw new CommandError('conflict', message);
}

function parseCertificate(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}
