import { withinSignal } from '../deadline.ts';
import { hex } from '../encoding/base64.ts';
import { FlowKeysError } from '../errors.ts';
import { logLine } from '../log-line.ts';

/** What the author's own code gets: inputs in the clear, and what else the event says. */
export interface UseInput {
  /** What the caller typed, by field. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The flow's parameters that are not ciphertexts: an amount, a currency, an order. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The contact's attributes that are not ciphertexts. */
  readonly attributes: Readonly<Record<string, string>>;
  /** `null` only where {@link UseOptions.withoutContactId} allows it. */
  readonly contactId: string | null;
  readonly keyId: string;
  /** The same whenever Connect invokes again for the same inputs: 64 hexadecimal digits. */
  readonly idempotencyKey: string;
  /** Aborted 500 ms before the flow stops waiting. */
  readonly signal: AbortSignal;
}

/** Uses the inputs, and returns what the flow may know of it: a flat object of texts, numbers and booleans. */
// biome-ignore lint/suspicious/noConfusingVoidType: code that has nothing to return need not
export type Use = (input: UseInput) => Promise<UseResult | void> | UseResult | void;

/** What the flow reads under `$.External.data.result`. */
export type UseResult = Readonly<Record<string, string | number | boolean>>;

/** How the author's own code is called. */
export interface UseOptions {
  readonly use: Use;
  /** Fields that must be there. Default: those that the event holds. */
  readonly require?: readonly string[];
  /** The codes of the author's own that a {@link UseError} may give the flow. Default: none. */
  readonly codes?: readonly string[];
  /** Call it for an event without a contact id, too. Default: false, as the idempotency key says nothing then. */
  readonly withoutContactId?: boolean;
  /** Told before each call, so that one that a crash interrupts can be traced. Default: a line of JSON on the console. */
  readonly started?: (record: UseStarted) => void;
}

/** That the author's code is about to be called. */
export interface UseStarted {
  readonly contactId: string | null;
  readonly requestId: string;
  readonly idempotencyKey: string;
}

/**
 * Throw it from `use` to return a code that {@link UseOptions.codes} declares to the flow.
 *
 * @example
 * if (!payment.approved) throw new UseError('declined');
 */
export class UseError extends Error {
  override readonly name = 'UseError';
  readonly code: string;

  constructor(code: string) {
    super(`The use of the inputs ended with ${code}.`);
    this.code = code;
  }
}

/** What became of the use of an event's inputs. */
export type UseOutcome =
  | { readonly result: UseResult; readonly withheld: readonly string[] }
  | { readonly declined: string }
  | { readonly failure: FlowKeysError };

/** An input, and the message that it came in. */
export interface DecryptedInput {
  readonly name: string;
  readonly input: string;
  readonly keyId: string;
  readonly messageId: string;
}

export function logStarted(record: UseStarted): void {
  console.log(logLine({ level: 'INFO', message: 'use started', ...record }));
}

/** Calls the author's code, and takes of its result what may leave the function. */
export async function useInputs({ use, codes = [] }: UseOptions, given: UseInput): Promise<UseOutcome> {
  try {
    const result = await withinSignal(
      Promise.resolve().then(() => use(given)),
      given.signal,
    );
    return presentable(result, Object.values(given.inputs));
  } catch (error) {
    if (given.signal.aborted) return { failure: timedOut(given.idempotencyKey) };
    if (error instanceof UseError && codes.includes(error.code)) return { declined: error.code };
    return { failure: failed(error, given.idempotencyKey) };
  }
}

/**
 * The key by which a gateway knows that a call is the same as before: SHA-256 over the contact id, the parameter
 * `attempt` and the pairs of field and message id.
 */
export async function idempotencyKeyOf(
  contactId: string | null,
  attempt: string | undefined,
  inputs: readonly DecryptedInput[],
): Promise<string> {
  const pairs = inputs
    .map(({ name, messageId }) => [name, messageId])
    .toSorted(([left = ''], [right = '']) => (left < right ? -1 : 1));
  const text = JSON.stringify([contactId, attempt ?? null, pairs]);
  return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

const memberName = /^[A-Za-z0-9_-]{1,64}$/;
// Stands for a member whose name may not leave the function.
const unnamed = '*';

/**
 * The members of a result that may leave the function. The others are named, and success stays: what was charged must
 * not be answered as a failure.
 */
function presentable(given: unknown, inputs: readonly string[]): Extract<UseOutcome, { result: unknown }> {
  if (given === undefined || given === null) return { result: {}, withheld: [] };
  if (typeof given !== 'object' || Array.isArray(given)) return { result: {}, withheld: [unnamed] };
  const result: Record<string, string | number | boolean> = {};
  const withheld: string[] = [];
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(given))) {
    if (!memberName.test(name) || holdsInput(name, inputs)) withheld.push(unnamed);
    else if (!isFlat(value) || holdsInput(value, inputs)) withheld.push(name);
    else result[name] = value;
  }
  return { result, withheld };
}

function isFlat(value: unknown): value is string | number | boolean {
  return (
    typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
  );
}

const shortestToFind = 8;

/** Whether it is an input, or holds one of eight or more characters; a shorter one may be in a reference by chance. */
function holdsInput(value: string | number | boolean, inputs: readonly string[]): boolean {
  return inputs.some((input) => {
    if (input.length >= shortestToFind) return String(value).includes(input);
    return typeof value === 'string' && value === input;
  });
}

function failed(error: unknown, idempotencyKey: string): FlowKeysError {
  const message = `The code that uses the inputs failed; the log names its error. Idempotency key: ${idempotencyKey}.`;
  // The class alone: a code may be what a gateway answered.
  const name = error instanceof Error ? error.constructor.name : typeof error;
  return new FlowKeysError('use_failed', message, { cause: { name } });
}

function timedOut(idempotencyKey: string): FlowKeysError {
  return new FlowKeysError(
    'use_timed_out',
    `The code that uses the inputs did not end in time, so it is unknown what it did. Ask for idempotency key ${idempotencyKey}.`,
  );
}
