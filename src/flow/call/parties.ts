import type { FlowAction } from '../language.ts';

/** The other parties of a call: the caller, Connect's encryption, and the functions. */
export interface CallParties {
  /** What the caller does at a block that takes keys. */
  pressKeys(request: KeyRequest): Promise<CallerAct> | CallerAct;
  /** Encrypts an input as Connect does. If it rejects, the call takes the Error branch. */
  encrypt(input: string, keyId: string, certificatePem: string): Promise<string>;
  /** Invokes a function once. */
  invoke(event: ContactFlowEvent, invocation: Invocation): Promise<FunctionOutcome>;
  /** Names a branch of a block that cannot be played, or returns `undefined` to end the call there. */
  chooseBranch?(action: FlowAction, branches: readonly string[]): Promise<string | undefined> | string | undefined;
  /** A branch that a block always takes: an error type, `Error`, `Success`, or an operand of a condition. */
  forcedBranch?(block: string): string | undefined;
}

/** A block that waits for keys. */
export interface KeyRequest {
  readonly block: string;
  readonly prompt: string;
  readonly maxDigits: number;
}

/** The keys that the caller presses, including `#` and `*`. An empty text is silence. */
export type CallerAct = { readonly keys: string } | 'hang-up';

/** One invocation of a function. */
export interface Invocation {
  /** The block that invokes it. */
  readonly block: string;
  readonly functionArn: string;
  /** 1 to 3: Connect retries when Lambda throttles or returns a 5xx status. */
  readonly attempt: number;
}

/** The result of an invocation, and how long it took. `callFlow` itself does not wait. */
export type FunctionOutcome =
  | { readonly answer: unknown; readonly seconds: number }
  /** `isRetried`: Lambda throttled or returned a 5xx status, so Connect retries. */
  | { readonly failure: string; readonly isRetried: boolean; readonly seconds: number };

/** The event that Connect sends to a function. See https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html */
export interface ContactFlowEvent {
  readonly Name: 'ContactFlowEvent';
  readonly Details: {
    readonly ContactData: Readonly<Record<string, unknown>>;
    readonly Parameters: Readonly<Record<string, string>>;
  };
}
