import { type ErrorCode, errorCodes } from 'flow-security-keys';
import { describe, expect, it } from 'vitest';
import type { Recording } from '../recordings/recordings.ts';
import { type ParityCase, parityCases } from './cases.ts';
import { opened } from './opened.ts';

/** The request id that is given to every call, so that answers can be compared to the byte. */
export const requestId = 'parity-request';

export interface ParityRunner {
  readonly name: string;
  /** Answers one ContactFlowEvent, given and returned as JSON text. */
  invoke(body: string): Promise<string>;
}

interface Answer {
  readonly 'status-code': number;
  readonly data: {
    readonly message: string;
    readonly decryptedData?: string;
    readonly dataLength?: number;
    readonly consumers?: Consumers;
    readonly fields?: Readonly<Record<string, { readonly consumers?: Consumers; readonly decryptedData?: string }>>;
  };
  readonly error?: string;
  readonly code?: ErrorCode;
}

type Consumers = Readonly<Record<string, { readonly ciphertext?: string; readonly code?: string }>>;

/**
 * The one suite of all runtimes. `reference` are the answers of another runtime, by case, that this one's
 * must equal to the byte; but for what is encrypted for consumers, of which what these read must.
 */
export function parity(
  runner: ParityRunner,
  shared: readonly Recording[],
  reference?: Readonly<Record<string, readonly string[]>>,
): void {
  describe(`${runner.name} answers`, () => {
    const named = parityCases(shared).map((parityCase) => [parityCase.name, parityCase] as const);
    it.for(named)('%s', async ([name, { bodies, expected }]) => {
      const answers = await answersOf(runner, bodies);
      for (const answer of answers) await assertExpected(JSON.parse(answer), expected);
      if (reference === undefined) return;
      if (!('consumers' in expected)) expect(answers).toEqual(reference[name]);
      else expect(await Promise.all(answers.map(read))).toEqual(await Promise.all((reference[name] ?? []).map(read)));
    });
  });
}

/** One after the other, so that one call's outcome cannot hide behind another's. */
export async function answersOf({ invoke }: ParityRunner, bodies: readonly string[]): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const body of bodies) answers.push(await invoke(body));
  return answers;
}

/** The answer with what each consumer reads in the place of its ciphertext. */
async function read(answer: string): Promise<string> {
  const ciphertexts = Object.entries(everyConsumer(JSON.parse(answer)));
  let text = answer;
  for (const [name, { ciphertext }] of ciphertexts.flatMap(([, consumers]) => Object.entries(consumers))) {
    if (ciphertext !== undefined) text = text.replace(ciphertext, JSON.stringify(await opened(name, ciphertext)));
  }
  return text;
}

/** What became of each field for each consumer. */
function everyConsumer({ data: { consumers, fields = {} } }: Answer): Readonly<Record<string, Consumers>> {
  const others = Object.entries(fields).map(([name, field]) => [name, field.consumers ?? {}] as const);
  return { ...(consumers && { 'my-secret-string': consumers }), ...Object.fromEntries(others) };
}

async function assertEncrypted(
  answer: Answer,
  expected: Extract<ParityCase['expected'], { consumers: unknown }>,
): Promise<void> {
  const found: Record<string, Record<string, unknown>> = {};
  for (const [field, consumers] of Object.entries(everyConsumer(answer))) {
    const outcomes: Record<string, unknown> = {};
    for (const [name, { code, ciphertext = '' }] of Object.entries(consumers)) {
      outcomes[name] = code ?? (await opened(name, ciphertext)).plaintext;
    }
    found[field] = outcomes;
  }
  expect(found).toEqual(expected.consumers);
  expect(JSON.stringify(answer)).not.toContain('decryptedData');
}

async function assertExpected(answer: Answer, expected: ParityCase['expected']): Promise<void> {
  if ('consumers' in expected) return assertEncrypted(answer, expected);
  if ('plaintext' in expected) {
    expect(answer).toMatchObject({
      'status-code': 200,
      data: { success: true, decryptedData: expected.plaintext, dataLength: expected.plaintext.length },
    });
    return;
  }
  expect(answer).toMatchObject({ 'status-code': 500, data: { success: false } });
  expect(answer.data).not.toHaveProperty('decryptedData');
  if ('message' in expected) {
    expect(answer).toMatchObject({ data: { message: expected.message }, error: 'Missing required parameter' });
    return;
  }
  expect(answer.data.message).toBe('Decryption failed');
  expect(expected.codes).toContain(answer.code);
  expect(answer.error).toBe(errorCodes[answer.code ?? 'internal_error']);
}
