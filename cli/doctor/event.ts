import { member } from '../../src/flow/index.ts';
import { createDecryptor, FlowKeysError, handleContactFlowEvent } from '../../src/index.ts';
import { parseJson, pastedCiphertext } from '../../src/internal.ts';
import { CommandError } from '../output/command-error.ts';
import { type Finding, problem } from './check.ts';

/** A ciphertext from an event, its key id, and the problems with other inputs. */
export interface EventSubject {
  readonly ciphertext?: string;
  readonly keyId?: string;
  readonly findings: readonly Finding[];
}

/**
 * Reads an event of the function as people have it: JSON, a flow log entry, a Python print, or a log line that contains
 * one of these.
 *
 * @throws CommandError `unreadable_file`
 */
export async function readEvent(text: string): Promise<EventSubject> {
  const event = eventIn(text);
  if (event === undefined) {
    const pasted = pastedCiphertext(text);
    if (pasted !== text || /^\s*(AYADe|AgV4)/.test(text)) return { ciphertext: pasted, findings: [] };
    const message =
      'The event is neither JSON nor a Python print, and contains no ciphertext. Copy it unchanged from the log, from its first brace to its last.';
    throw new CommandError('unreadable_file', message);
  }
  const parameters = member(member(event, 'Details'), 'Parameters');
  const keyId = member(parameters, 'key-id');
  const fields = await answered(event);
  const whole = fields.find(({ code }) => code === 'unknown_key');
  const ciphertext = whole === undefined ? undefined : parameterOf(event, whole.name);
  return {
    ...(typeof ciphertext === 'string' && { ciphertext }),
    ...(typeof keyId === 'string' && keyId !== '' && { keyId }),
    findings: fields
      .filter(({ code }) => code !== 'unknown_key')
      .map(({ name, code, detail }) => problem(name === '' ? 'event' : `input ${name}`, `${code}: ${detail}`, detail)),
  };
}

interface AnsweredField {
  readonly name: string;
  readonly code: string;
  readonly detail: string;
}

/** How the function would answer each field with an empty key store. */
async function answered(event: unknown): Promise<readonly AnsweredField[]> {
  const decryptor = createDecryptor({ keyStore: { privateKeys: async () => [] } });
  try {
    const { answer } = await handleContactFlowEvent(event, { decryptor, requestId: '' });
    const fields = member(member(answer, 'data'), 'fields');
    const named = Object.entries(Object(fields)).map(([name, field]) => ({
      name,
      code: String(member(field, 'code')),
      detail: String(member(field, 'detail')),
    }));
    const own = { code: String(member(answer, 'code')), detail: String(member(answer, 'detail')) };
    if (parameterOf(event, 'my-secret-string') !== undefined || named.length === 0)
      return [{ name: named.length === 0 && own.code !== 'unknown_key' ? '' : 'my-secret-string', ...own }, ...named];
    return named;
  } catch (error) {
    if (error instanceof FlowKeysError) return [{ name: '', code: error.code, detail: error.message }];
    throw error;
  }
}

function parameterOf(event: unknown, name: string): unknown {
  return member(member(member(event, 'Details'), 'Parameters'), name);
}

function eventIn(text: string): unknown {
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  const inner = start < 0 || end < start ? '' : text.slice(start, end + 1);
  const value = [text, inner]
    .map((part) => parseJson(part) ?? parseJson(fromPython(part)))
    .find((part) => typeof part === 'object' && part !== null);
  return value === undefined ? undefined : normalized(value, 0);
}

/** Converts a Python print such as `{'Queue': None}` to JSON. */
function fromPython(text: string): string {
  return text.replaceAll(/'((?:[^'\\]|\\.)*)'|\b(None|True|False)\b/g, (_, quoted: string | undefined, word: string) =>
    quoted === undefined
      ? ({ None: 'null', True: 'true', False: 'false' }[word] ?? word)
      : JSON.stringify(quoted.replaceAll("\\'", "'")),
  );
}

// A log record, its message, and the event in it need three.
const deepest = 5;

/** The event in a flow log entry or in a log record. */
function normalized(value: unknown, depth: number): unknown {
  // An API Gateway event also has a body, but is an event itself.
  if (member(value, 'Details') !== undefined || member(value, 'requestContext') !== undefined || depth > deepest)
    return value;
  if (member(value, 'ContactFlowModuleType') !== undefined) {
    const parameters = member(member(value, 'Parameters'), 'Parameters');
    if (parameters !== undefined) return { Details: { Parameters: parameters } };
  }
  for (const name of ['message', '@message', 'event', 'body', 'Payload']) {
    const inner = member(value, name);
    if (typeof inner === 'string' && inner.includes('{')) return eventIn(inner) ?? value;
    if (typeof inner === 'object' && inner !== null) return normalized(inner, depth + 1);
  }
  return value;
}
