import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { type Decryptor, decodeUtf8, toFlowKeysError } from '../../src/index.ts';
import { CommandError, exitCodes } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';

export interface DecryptLinesOptions {
  /** Names of fields, with commas between: at the top of a record or among its `Attributes`, or a path with dots. */
  readonly lines: string;
  readonly reveal: boolean;
  readonly keyId?: string;
}

/** How often a code was counted. */
type Counts = Map<string, number>;

// WebCrypto works in threads: enough is under way to keep each core busy, and memory stays the same however many follow.
const underWay = availableParallelism() * 8;
const progressMilliseconds = 5_000;

/**
 * Decrypts fields of JSON lines, as contact records that were exported to S3, one line of output for each of input. A
 * field that cannot be decrypted becomes `null`, and `decryptionErrors` says why, by its code.
 *
 * @throws CommandError `invalid_option`, `unreadable_file`
 */
export async function decryptLines(
  path: string,
  options: DecryptLinesOptions,
  decryptor: Decryptor,
  terminal: Terminal,
): Promise<Answer> {
  const names = options.lines.split(',').map((name) => name.trim());
  if (names.some((name) => name === ''))
    throw new CommandError('invalid_option', '--lines must name fields, as --lines card,cvc.');
  const failed: Counts = new Map();
  let [lines, values, toldAt] = [0, 0, Date.now()];

  async function decryptLine(line: string): Promise<string> {
    const record = parseRecord(line);
    if (record === undefined) {
      count(failed, 'not_json');
      return JSON.stringify({ decryptionErrors: { line: 'not_json' } });
    }
    const errors: Record<string, string> = {};
    await Promise.all(
      names.map(async (name) => {
        const place = placeOf(record, name);
        if (place === undefined) return;
        const [parent, key] = place;
        try {
          parent[key] = await decryptValue(parent[key]);
          values += 1;
        } catch (error) {
          const { code } = toFlowKeysError(error);
          count(failed, code);
          errors[name] = code;
          parent[key] = null;
        }
      }),
    );
    return JSON.stringify(Object.keys(errors).length === 0 ? record : { ...record, decryptionErrors: errors });
  }

  async function decryptValue(ciphertext: unknown): Promise<string> {
    const given = options.keyId === undefined ? {} : { keyId: options.keyId };
    const { plaintext } = await decryptor.decrypt(String(ciphertext), given);
    const text = decodeUtf8(plaintext) ?? '';
    return options.reveal ? text : '*'.repeat(text.length);
  }

  async function write(line: Promise<string>): Promise<void> {
    await terminal.write(`${await line}\n`);
    lines += 1;
    if (Date.now() - toldAt < progressMilliseconds) return;
    toldAt = Date.now();
    terminal.note(`${lines} lines …`);
  }

  const waiting: Promise<string>[] = [];
  for await (const line of linesOf(path)) {
    if (line.trim() === '') continue;
    waiting.push(decryptLine(line));
    const oldest = waiting.length < underWay ? undefined : waiting.shift();
    if (oldest) await write(oldest);
  }
  for (const line of waiting) await write(line);
  return summary(lines, values, failed);
}

function summary(lines: number, values: number, failed: Counts): Answer {
  const counts = [...failed].sort(([, one], [, other]) => other - one);
  const failures = counts.map(([code, times]) => `${times} ${code}`).join(', ');
  return {
    value: { lines, decrypted: values, failed: Object.fromEntries(counts) },
    text: `${lines} lines, ${values} values decrypted${failures === '' ? '' : `, failed: ${failures}`}.`,
    isOnStandardError: true,
    exitCode: failed.size === 0 ? exitCodes.done : exitCodes.findings,
  };
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const input = path === '-' ? process.stdin : createReadStream(path);
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw new CommandError('unreadable_file', `The lines cannot be read from ${path}; check the path.`, error);
  }
}

type JsonObject = Record<string, unknown>;

function parseRecord(line: string): JsonObject | undefined {
  try {
    const record: unknown = JSON.parse(line);
    return isObject(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Where a field with a value is: the object that holds it, and its key there. */
function placeOf(record: JsonObject, name: string): readonly [parent: JsonObject, key: string] | undefined {
  const attributes = record['Attributes'];
  for (const parent of [record, attributes]) if (isObject(parent) && isFilled(parent, name)) return [parent, name];
  const [first = '', ...rest] = name.split('.');
  const below = Object.hasOwn(record, first) ? record[first] : undefined;
  return rest.length > 0 && isObject(below) ? placeOf(below, rest.join('.')) : undefined;
}

function isFilled(parent: JsonObject, key: string): boolean {
  return Object.hasOwn(parent, key) && parent[key] !== null && parent[key] !== '';
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function count(counts: Counts, code: string): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}
