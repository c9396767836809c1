import { base64, decodeBase64, decodeUtf8 } from '../encoding/base64.ts';
import { derTag, readDer, readDerElements, writeDer } from '../encoding/der.ts';
import { isRecord, parseJson } from '../encoding/json.ts';
import { readCertificate } from './certificate-der.ts';

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

// A key in a JSON text in base64 is three deep; nobody has more.
const deepest = 4;

/**
 * The keys and certificates in a text, as people have them: PEM, on one line, indented, quoted, with line breaks spelled
 * out once or twice, with four dashes for five; in JSON, under whatever name; base64 of PEM or of DER; a JWK; UTF-16 that
 * was read as UTF-8. A block's label says what it is, whatever stood in its first line.
 */
export function keyBlocks(text: string): readonly PemBlock[] {
  return blocksIn(text, 0);
}

function blocksIn(text: string, depth: number): readonly PemBlock[] {
  if (depth > deepest) return [];
  const clean = text.replaceAll('\u0000', '').replace(/^[\uFEFF\uFFFD\s]+/, '');
  const value = /^["{[]/.test(clean) ? parseJson(clean) : undefined;
  if (typeof value === 'object' && value !== null) return blocksInJson(value, depth);
  const blocks = pemBlocks(typeof value === 'string' ? value : clean).map(relabelled);
  if (blocks.length > 0) return blocks;
  const der = decodeBase64(clean.replaceAll(/\\+[rn]|[\s"']/g, ''));
  if (der === undefined || der.length < shortestDer) return [];
  const label = labelOf(der);
  if (label !== undefined) return [{ label, isEncrypted: label === 'ENCRYPTED PRIVATE KEY', der }];
  const inner = decodeUtf8(der);
  return inner === undefined ? [] : blocksIn(inner, depth + 1);
}

// Of any key or certificate; `hunter2hunter2` is base64, too.
const shortestDer = 32;

function blocksInJson(value: object, depth: number): readonly PemBlock[] {
  const jwk = isRecord(value) ? jwkBlock(value) : undefined;
  if (jwk !== undefined) return [jwk];
  return Object.values(value).flatMap((item): readonly PemBlock[] => {
    if (typeof item === 'string') return blocksIn(item, depth + 1);
    return typeof item === 'object' && item !== null && depth < deepest ? blocksInJson(item, depth + 1) : [];
  });
}

/** An RSA key as a JWK (RFC 7518, section 6.3), in the form of PKCS#1 (RFC 8017, appendix A.1). */
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
  // An integer that begins with a one would be negative.
  return writeDer(derTag.integer, ...(((bytes[0] ?? 0) & 0x80) === 0 ? [] : [new Uint8Array([0])]), bytes);
}

/** PKCS#8 under the label of PKCS#1, and its like, are common: the bytes say what they are. */
function relabelled(block: PemBlock): PemBlock {
  const { der, isEncrypted, label } = block;
  const found = der === undefined || isEncrypted ? undefined : labelOf(der);
  return { ...block, label: found ?? label };
}

/** What DER is, by its structure: a PEM label, or `PKCS12`. */
export function labelOf(der: Uint8Array<ArrayBuffer>): string | undefined {
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

/** The PEM text of a block (RFC 7468). */
export function pemText(label: string, der: Uint8Array): string {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** The text of a file with a key or a certificate: DER becomes PEM, UTF-16 is read; `undefined` where it is neither, nor text. */
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

/** Windows PowerShell writes UTF-16 where it redirects; without its mark, every other byte of a key is zero. */
function encodingOf([first, second]: Uint8Array): string {
  if ((first === 0xff && second === 0xfe) || second === 0) return 'utf-16le';
  return (first === 0xfe && second === 0xff) || first === 0 ? 'utf-16be' : 'utf-8';
}
