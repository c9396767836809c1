import { createReadStream } from 'node:fs';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { member } from '../../src/flow/index.ts';
import { type Decryptor, decodeUtf8, toFlowKeysError } from '../../src/index.ts';
import { isRecord, parseJson } from '../../src/internal.ts';
import { CommandError, exitCodes } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';

export interface DecryptLinesOptions {
  /** Comma-separated field names: at the top of a record or in its `Attributes`, or paths with dots. */
  readonly lines: string;
  readonly reveal: boolean;
  readonly keyId?: string;
}

/** How often each error code occurred. */
type Counts = Map<string, number>;

// Web Crypto works in threads. This many lines in flight keep each core busy, in constant memory.
const linesInFlight = availableParallelism() * 8;
const progressMilliseconds = 5_000;

/**
 * Decrypts fields of JSON lines, such as contact records exported to S3. Writes one line of output for each line of input.
 * A field that cannot be decrypted becomes `null`, with its error code in `decryptionErrors`.
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
    throw new CommandError('invalid_option', '--lines must name fields, such as --lines card,cvc.');
  const failed: Counts = new Map();
  let [lines, values, toldAt] = [0, 0, Date.now()];

  async function decryptLine(line: string): Promise<string> {
    const record = parseJson(line);
    if (!isObject(record)) {
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
    const oldest = waiting.length < linesInFlight ? undefined : waiting.shift();
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
    throw new CommandError('unreadable_file', `The lines in ${path} cannot be read; check the path.`, error);
  }
}

type JsonObject = Record<string, unknown>;

/** The object that holds a field with a value, and the field's key in it. */
function placeOf(record: JsonObject, name: string): readonly [parent: JsonObject, key: string] | undefined {
  for (const parent of [record, record['Attributes']])
    if (isObject(parent) && (member(parent, name) ?? '') !== '') return [parent, name];
  const [first = '', ...rest] = name.split('.');
  const below = member(record, first);
  return rest.length > 0 && isObject(below) ? placeOf(below, rest.join('.')) : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return isRecord(value);
}

function count(counts: Counts, code: string): void {
  counts.set(code, (counts.get(code) ?? 0) + 1);
}
