import type { FlowAction } from '../language.ts';

/** Who takes part in a call, beside the flow. */
export interface CallParties {
  /** What the caller does at a block that takes keys. */
  types(request: KeyRequest): Promise<CallerAct> | CallerAct;
  /** Encrypts as Connect does; a rejection takes the Error branch. */
  encrypts(input: string, keyId: string, certificatePem: string): Promise<string>;
  /** Invokes a function once. */
  invokes(event: ContactFlowEvent, invocation: Invocation): Promise<FunctionOutcome>;
  /** Chooses a branch of a block that cannot be played: the name of one, or `undefined` to stop the call there. */
  chooses?(action: FlowAction, branches: readonly string[]): Promise<string | undefined> | string | undefined;
  /** A branch that a block is to take, whatever happens: an error type, `Error`, `Success` or a condition's operand. */
  forced?(block: string): string | undefined;
}

/** A block that waits for keys. */
export interface KeyRequest {
  readonly block: string;
  readonly prompt: string;
  readonly maxDigits: number;
}

/** Keys as they are pressed, with `#` and `*`; no keys are silence. */
export type CallerAct = { readonly keys: string } | 'hang-up';

/** One invocation of a function, and where in the flow it is made. */
export interface Invocation {
  readonly block: string;
  readonly functionArn: string;
  /** 1 to 3: Connect invokes again what was throttled, or failed with a 5xx. */
  readonly attempt: number;
}

/** What became of an invocation, and how long it took; the engine does not wait by itself. */
export type FunctionOutcome =
  | { readonly answer: unknown; readonly seconds: number }
  /** `isRetried`: throttled, or a 5xx. */
  | { readonly failure: string; readonly isRetried: boolean; readonly seconds: number };

/** What Connect sends to a function: https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html */
export interface ContactFlowEvent {
  readonly Name: 'ContactFlowEvent';
  readonly Details: {
    readonly ContactData: Readonly<Record<string, unknown>>;
    readonly Parameters: Readonly<Record<string, string>>;
  };
}
