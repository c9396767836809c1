import { decodeBase64 } from './base64.ts';

/** A block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** What stands after `BEGIN`: `PUBLIC KEY`, `CERTIFICATE`, … */
  readonly label: string;
  readonly isEncrypted: boolean;
  /** `undefined` where the block is no base64. */
  readonly der: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * The blocks of a PEM text. CRLF, line breaks spelled out once or twice, quotes, indentation, four dashes in place of five and
 * text around the blocks are accepted.
 */
export function pemBlocks(text: string): readonly PemBlock[] {
  const lines = text.replaceAll(/\\+r/g, '').replaceAll(/\\+n/g, '\n');
  const block = /-{4,5}BEGIN ([A-Z0-9 ]{1,40})-{4,5}([^-]*(?:-(?!---)[^-]*)*)-{4,5}END \1-{4,5}/g;
  return Array.from(lines.matchAll(block), ([, label = '', body = '']) => ({
    label,
    isEncrypted: label === 'ENCRYPTED PRIVATE KEY' || body.includes('ENCRYPTED'),
    der: decodeBase64(body.replaceAll(/[\s"'>|]/g, '')),
  }));
}
