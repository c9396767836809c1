import { assert } from 'chai';
import { type ErrorCode, errorCodes } from 'flow-security-keys';
import type { Recording } from '../recordings/recordings.ts';
import { type ParityCase, parityCases } from './cases.ts';
import type { NamedCase } from './named-case.ts';
import { opened } from './opened.ts';

/** The request id of every call, so that responses can be compared to the byte. */
export const requestId = 'parity-request';

export interface ParityRunner {
  /** Handles one ContactFlowEvent. Event and response are JSON. */
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
 * The responses to ContactFlowEvents that every runtime must return.
 *
 * @param reference the responses of another runtime by case, which must be byte-identical. Ciphertexts for consumers must
 *   decrypt to the same
 */
export function contactFlowCases(
  runner: ParityRunner,
  shared: readonly Recording[],
  reference?: Readonly<Record<string, readonly string[]>>,
): readonly NamedCase[] {
  return parityCases(shared).map(({ name, bodies, expected }) => ({
    name,
    async run() {
      const answers = await answersOf(runner, bodies);
      for (const answer of answers) await assertExpected(JSON.parse(answer), expected);
      if (reference === undefined) return;
      const references = reference[name] ?? [];
      if (!('consumers' in expected)) assert.deepEqual(answers, references);
      else assert.deepEqual(await Promise.all(answers.map(read)), await Promise.all(references.map(read)));
    },
  }));
}

/** Runs the calls one after the other, so that no outcome hides behind another. */
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
  assert.deepEqual(found, expected.consumers);
  assert.notInclude(JSON.stringify(answer), 'decryptedData');
}

async function assertExpected(answer: Answer, expected: ParityCase['expected']): Promise<void> {
  if ('consumers' in expected) return assertEncrypted(answer, expected);
  if ('plaintext' in expected) {
    assert.containSubset(answer, {
      'status-code': 200,
      data: { success: true, decryptedData: expected.plaintext, dataLength: expected.plaintext.length },
    });
    return;
  }
  assert.containSubset(answer, { 'status-code': 500, data: { success: false } });
  assert.notProperty(answer.data, 'decryptedData');
  if ('message' in expected) {
    assert.containSubset(answer, { data: { message: expected.message }, error: 'Missing required parameter' });
    return;
  }
  assert.strictEqual(answer.data.message, 'Decryption failed');
  assert.include(expected.codes, answer.code);
  assert.strictEqual(answer.error, errorCodes[answer.code ?? 'internal_error']);
}
