import { type KeyObject, X509Certificate } from 'node:crypto';
import { type FlowAction, mapTexts, readFlow, textParameter } from '../../src/flow/index.ts';
import { belongsTo } from '../keys/certificate.ts';
import { isSameKey } from '../keys/key-pair.ts';
import { CommandError } from '../output/command-error.ts';

/** The key that a flow carries, and the one to carry instead. */
export interface KeySwap {
  readonly oldKeyId: string;
  readonly oldPublicKey: KeyObject;
  readonly newKeyId: string;
  /** PEM text. */
  readonly newCertificate: string;
}

/** Whether the key id stands anywhere in the flow. */
export function carriesKey(content: string, keyId: string): boolean {
  let isThere = false;
  mapTexts(readFlow(content), (text) => {
    isThere ||= text === keyId;
    return text;
  });
  return isThere;
}

/**
 * The flow with the new key id and certificate wherever the old ones stand: in input blocks, in attributes, in
 * the function's parameters.
 *
 * @throws FlowKeysError `invalid_flow`; CommandError `conflict` for a certificate that the old key signed for a consumer
 */
export function swapKey(content: string, { oldKeyId, oldPublicKey, newKeyId, newCertificate }: KeySwap): string {
  readFlow(content);
  const swapped = mapTexts(JSON.parse(content), (text) => {
    if (text === oldKeyId) return newKeyId;
    const certificate = text.includes('-----BEGIN CERTIFICATE-----') ? readable(text) : undefined;
    if (certificate === undefined) return text;
    if (isSameKey(certificate.publicKey, oldPublicKey)) return newCertificate;
    if (!belongsTo(certificate, oldPublicKey)) return text;
    const message = `The flow carries the certificate of ${certificate.subject.replaceAll('\n', ', ')}, which key id ${oldKeyId} signed; issue it again with "flow-keys certificate issue" under the new key, and edit the flow by hand.`;
    throw new CommandError('conflict', message);
  });
  const written = JSON.stringify(swapped);
  for (const action of readFlow(written).Actions) assertPair(action, newKeyId, newCertificate);
  return written;
}

/** What Connect is to encrypt under a key id must be encrypted with that key's certificate. */
function assertPair(action: FlowAction, newKeyId: string, newCertificate: string): void {
  if (textParameter(action, 'InputEncryption', 'EncryptionKeyId') !== newKeyId) return;
  if (textParameter(action, 'InputEncryption', 'Key') === newCertificate) return;
  const message = `Block "${action.Identifier}" of the flow carries the old key id, and not the old key's certificate itself; edit the flow by hand, so that both change together.`;
  throw new CommandError('conflict', message);
}

function readable(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}
