import { withinSignal } from '../deadline.ts';
import { hex } from '../encoding/base64.ts';
import { isRecord } from '../encoding/json.ts';
import { FlowKeysError } from '../errors.ts';
import { logLine } from '../log-line.ts';

/** The argument of {@link Use}: the decrypted inputs, and the rest of the event. */
export interface UseInput {
  /** What the caller entered, by field. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The flow's parameters that are not ciphertexts, such as an amount or an order number. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The contact's attributes that are not ciphertexts. */
  readonly attributes: Readonly<Record<string, string>>;
  /** `null` only where {@link UseOptions.withoutContactId} allows it. */
  readonly contactId: string | null;
  readonly keyId: string;
  /** 64 hexadecimal digits, the same whenever Connect invokes the function again for the same inputs. */
  readonly idempotencyKey: string;
  /** Aborted 500 ms before the flow stops waiting. */
  readonly signal: AbortSignal;
}

/**
 * Your code, which uses the inputs, for example to charge a card. It returns what the flow may read: a flat object of
 * strings, numbers and booleans. It is called once, when every input was decrypted and passed its check.
 *
 * @example
 * const use: Use = async ({ inputs, parameters, idempotencyKey, signal }) => {
 *   const payment = await charge(inputs, parameters.amount, { idempotencyKey, signal });
 *   if (!payment.approved) throw new UseError('declined');
 *   return { approvalCode: payment.approvalCode };
 * };
 */
// biome-ignore lint/suspicious/noConfusingVoidType: code may return nothing
export type Use = (input: UseInput) => Promise<UseResult | void> | UseResult | void;

/** The result of {@link Use}, which the flow reads under `$.External.data.result`. */
export type UseResult = Readonly<Record<string, string | number | boolean>>;

/** How the code that uses the inputs is called. */
export interface UseOptions {
  readonly use: Use;
  /** Fields that the event must contain. Default: none. */
  readonly require?: readonly string[];
  /** The codes that a {@link UseError} may return to the flow. Default: none. */
  readonly codes?: readonly string[];
  /** Whether to call it for an event without a contact id, when the idempotency key does not identify the call. Default: false. */
  readonly withoutContactId?: boolean;
  /** Called before each use, to trace one that a crash interrupts. Default: writes a line of JSON to the console. */
  readonly started?: (record: UseStarted) => void;
}

/** The log record before the inputs are used. */
export interface UseStarted {
  readonly contactId: string | null;
  readonly requestId: string;
  readonly idempotencyKey: string;
}

/**
 * Throw it from `use` to return to the flow a code that {@link UseOptions.codes} declares. Any other code is `use_failed`.
 *
 * @example
 * if (!payment.approved) throw new UseError('declined');
 */
export class UseError extends Error {
  override readonly name = 'UseError';
  readonly code: string;

  constructor(code: string) {
    super(`The code that uses the inputs returned the code ${code}.`);
    this.code = code;
  }
}

/** The outcome of using an event's inputs. */
export type UseOutcome =
  | { readonly result: UseResult; readonly withheld: readonly string[] }
  | { readonly declined: string }
  | { readonly failure: FlowKeysError };

/** A decrypted input, and the message that contained it. */
export interface DecryptedInput {
  readonly name: string;
  readonly input: string;
  readonly keyId: string;
  readonly messageId: string;
}

export function logStarted(record: UseStarted): void {
  console.log(logLine({ level: 'INFO', message: 'use started', ...record }));
}

/** Calls the code that uses the inputs, and withholds what may not leave the function. */
export async function useInputs({ use, codes = [] }: UseOptions, input: UseInput): Promise<UseOutcome> {
  try {
    const result = await withinSignal(
      Promise.resolve().then(() => use(input)),
      input.signal,
    );
    return filterResult(result, Object.values(input.inputs));
  } catch (error) {
    if (input.signal.aborted) return { failure: timedOut(input.idempotencyKey) };
    if (error instanceof UseError && codes.includes(error.code)) return { declined: error.code };
    return { failure: failed(error, input.idempotencyKey) };
  }
}

/**
 * Returns the key by which a payment gateway recognizes a repeated call: SHA-256 over the contact id, the parameter
 * `attempt`, and the pairs of field and message id.
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
// Replaces a name that may not leave the function.
const unnamed = '*';

/**
 * Separates the members of a result that may leave the function from the others. It never fails, as a successful charge
 * must not be returned as a failure.
 */
function filterResult(returned: unknown, inputs: readonly string[]): Extract<UseOutcome, { result: unknown }> {
  if (returned === undefined || returned === null) return { result: {}, withheld: [] };
  if (!isRecord(returned)) return { result: {}, withheld: [unnamed] };
  const result: Record<string, string | number | boolean> = {};
  const withheld: string[] = [];
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(returned))) {
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

/** Returns whether a value is an input or contains one of eight or more characters. Shorter ones may occur in it by chance. */
function holdsInput(value: string | number | boolean, inputs: readonly string[]): boolean {
  return inputs.some((input) => {
    if (input.length >= shortestToFind) return String(value).includes(input);
    return typeof value === 'string' && value === input;
  });
}

function failed(error: unknown, idempotencyKey: string): FlowKeysError {
  const message = `The code that uses the inputs failed. The log names its error. Idempotency key: ${idempotencyKey}.`;
  // Only the class: an error's code may be a gateway's response.
  const name = error instanceof Error ? error.constructor.name : typeof error;
  return new FlowKeysError('use_failed', message, { cause: { name } });
}

function timedOut(idempotencyKey: string): FlowKeysError {
  return new FlowKeysError(
    'use_timed_out',
    `The code that uses the inputs did not finish in time and may or may not have taken effect. Look up idempotency key ${idempotencyKey} where it would have.`,
  );
}
