import { base64, decodeBase64, decodeUtf8 } from '../encoding/base64.ts';
import { derTag, readDer, readDerElements, writeDer } from '../encoding/der.ts';
import { isRecord, parseJson } from '../encoding/json.ts';
import { type Certificate, readCertificate } from './certificate.ts';

/** A block of a PEM text (RFC 7468). */
export interface PemBlock {
  /** The text after `BEGIN`: `PUBLIC KEY`, `CERTIFICATE`, … */
  readonly label: string;
  readonly isEncrypted: boolean;
  /** `undefined` when the block is not base64. */
  readonly der: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Returns the blocks of a PEM text. It accepts CRLF, line breaks escaped once or twice, quotes, indentation, four dashes
 * instead of five, and text around the blocks.
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

// A key in JSON in base64 is three levels deep.
const maxDepth = 4;

/**
 * Returns the keys and certificates in a text, in the forms that people store them: the PEM texts that {@link pemBlocks}
 * accepts, PEM in JSON under any name, base64 of PEM or DER, a JWK, and UTF-16 that was read as UTF-8. Labels come from the
 * content, not from the first line.
 */
export function keyBlocks(text: string): readonly PemBlock[] {
  return blocksIn(text, 0);
}

function blocksIn(text: string, depth: number): readonly PemBlock[] {
  if (depth > maxDepth) return [];
  const clean = text.replaceAll('\u0000', '').replace(/^[\uFEFF\uFFFD\s]+/, '');
  const value = /^["{[]/.test(clean) ? parseJson(clean) : undefined;
  if (typeof value === 'object' && value !== null) return blocksInJson(value, depth);
  const blocks = pemBlocks(typeof value === 'string' ? value : clean).map(relabel);
  if (blocks.length > 0) return blocks;
  const der = decodeBase64(clean.replaceAll(/\\+[rn]|[\s"']/g, ''));
  if (der === undefined || der.length < shortestDer) return [];
  const label = labelOf(der);
  if (label !== undefined) return [{ label, isEncrypted: label === 'ENCRYPTED PRIVATE KEY', der }];
  const inner = decodeUtf8(der);
  return inner === undefined ? [] : blocksIn(inner, depth + 1);
}

// Every key and certificate is longer. Shorter base64 may be a word.
const shortestDer = 32;

function blocksInJson(value: object, depth: number): readonly PemBlock[] {
  const jwk = isRecord(value) ? jwkBlock(value) : undefined;
  if (jwk !== undefined) return [jwk];
  return Object.values(value).flatMap((item): readonly PemBlock[] => {
    if (typeof item === 'string') return blocksIn(item, depth + 1);
    return typeof item === 'object' && item !== null && depth < maxDepth ? blocksInJson(item, depth + 1) : [];
  });
}

/** Converts an RSA JWK (RFC 7518, section 6.3) to PKCS#1 (RFC 8017, appendix A.1). */
function jwkBlock(jwk: Readonly<Record<string, unknown>>): PemBlock | undefined {
  if (jwk['kty'] === 'EC' && typeof jwk['d'] === 'string') {
    return { label: 'EC PRIVATE KEY', isEncrypted: false, der: undefined };
  }
  if (jwk['kty'] !== 'RSA') return undefined;
  const isPrivate = typeof jwk['d'] === 'string';
  const members = isPrivate ? ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] : ['n', 'e'];
  const integers = members.map((name) => integerOf(jwk[name]));
  const whole = integers.filter((integer) => integer !== undefined);
  const version = isPrivate ? [writeDer(derTag.integer, new Uint8Array([0]))] : [];
  return {
    label: isPrivate ? 'RSA PRIVATE KEY' : 'RSA PUBLIC KEY',
    isEncrypted: false,
    der: whole.length === members.length ? writeDer(derTag.sequence, ...version, ...whole) : undefined,
  };
}

function integerOf(member: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (typeof member !== 'string') return undefined;
  const bytes = decodeBase64(member.replaceAll('-', '+').replaceAll('_', '/'));
  if (bytes === undefined) return undefined;
  // An integer whose first bit is set would be negative.
  return writeDer(derTag.integer, ...(((bytes[0] ?? 0) & 0x80) === 0 ? [] : [new Uint8Array([0])]), bytes);
}

/** Labels a block by its content, as PKCS#8 labelled as PKCS#1 is common. */
function relabel(block: PemBlock): PemBlock {
  const label = block.der && !block.isEncrypted ? labelOf(block.der) : undefined;
  return label === undefined ? block : { ...block, label };
}

/** Returns what a DER structure is: a PEM label, or `PKCS12`. */
function labelOf(der: Uint8Array<ArrayBuffer>): string | undefined {
  const outer = readDer(der);
  if (outer?.tag !== derTag.sequence || outer.end !== der.length) return undefined;
  const elements = readDerElements(outer.content) ?? [];
  const [first, second, third] = elements.map(({ tag }) => tag);
  if (first === derTag.integer) {
    if (second === derTag.sequence) return third === derTag.octetString ? 'PRIVATE KEY' : 'PKCS12';
    if (second === derTag.octetString) return 'EC PRIVATE KEY';
    if (second !== derTag.integer) return undefined;
    return third === undefined ? 'RSA PUBLIC KEY' : 'RSA PRIVATE KEY';
  }
  if (first !== derTag.sequence) return undefined;
  if (second === derTag.octetString) return 'ENCRYPTED PRIVATE KEY';
  if (second === derTag.bitString) return 'PUBLIC KEY';
  if (second !== derTag.sequence || third !== derTag.bitString) return undefined;
  return readCertificate(der) === undefined ? 'CERTIFICATE REQUEST' : 'CERTIFICATE';
}

/** The first certificate in a text. `undefined` if it holds none that can be read. */
export function certificateIn(text: string): Certificate | undefined {
  const block = keyBlocks(text).find(({ label }) => label === 'CERTIFICATE');
  return block?.der && readCertificate(block.der);
}

/** Writes a PEM text (RFC 7468). */
export function pemText(label: string, der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** Returns the text of a key or certificate file: DER becomes PEM, UTF-16 is decoded. `undefined` if it is neither DER nor text. */
export function keyTextOf(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  const label = labelOf(bytes);
  return label === undefined ? decodeText(bytes) : pemText(label, bytes);
}

/** UTF-8 or UTF-16 text; `undefined` for other bytes. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Windows PowerShell redirects output as UTF-16. Without a byte order mark, every other byte of a key is zero. */
function encodingOf([first, second]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || second === 0) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || first === 0 ? 'utf-16be' : 'utf-8';
}
