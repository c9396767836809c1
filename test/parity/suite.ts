import { type ErrorCode, errorCodes } from 'flow-security-keys';
import { describe, expect, it } from 'vitest';
import type { Recording } from '../recordings/recordings.ts';
import { type ParityCase, parityCases } from './cases.ts';

/** The request id that is given to every call, so that answers can be compared to the byte. */
export const requestId = 'parity-request';

export interface ParityRunner {
  readonly name: string;
  /** Answers one ContactFlowEvent, given and returned as JSON text. */
  invoke(body: string): Promise<string>;
}

interface Answer {
  readonly 'status-code': number;
  readonly data: { readonly message: string; readonly decryptedData?: string; readonly dataLength?: number };
  readonly error?: string;
  readonly code?: ErrorCode;
}

/**
 * The one suite of all runtimes. `reference` are the answers of another runtime, by case, that this one's
 * must equal to the byte.
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
      for (const answer of answers) assertExpected(JSON.parse(answer), expected);
      if (reference !== undefined) expect(answers).toEqual(reference[name]);
    });
  });
}

/** One after the other, so that one call's outcome cannot hide behind another's. */
export async function answersOf({ invoke }: ParityRunner, bodies: readonly string[]): Promise<readonly string[]> {
  const answers: string[] = [];
  for (const body of bodies) answers.push(await invoke(body));
  return answers;
}

function assertExpected(answer: Answer, expected: ParityCase['expected']): void {
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
