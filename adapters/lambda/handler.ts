import { withDeadline } from '../../src/deadline.ts';
import {
  type ConnectRecord,
  type ConnectSettings,
  type ContactFlowAnswer,
  createDecryptor,
  type DecryptorOptions,
  type FlowKeysError,
  handleContactFlowEvent,
} from '../../src/index.ts';

/** What is read of the context that the Lambda runtime passes. */
export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** One line of the function's log: never an input, a ciphertext, a key, nor the event. */
export interface LambdaLogLine extends ConnectRecord {
  readonly contactId: string | null;
  readonly requestId: string;
  readonly milliseconds: number;
}

export interface HandlerOptions extends DecryptorOptions {
  /** How an event is answered. Default: as the article. */
  readonly connect?: ConnectSettings;
  /**
   * Whether to throw when the key store is unavailable, for Connect to invoke the function again: it does so up
   * to three times, while the flow waits. Default: false, which answers the flow.
   */
  readonly retry?: boolean;
  /** Told of every call. Default: a line of JSON on standard output. */
  readonly log?: (line: LambdaLogLine) => void;
}

// Time to answer in before the runtime, or Connect, gives up: an answer can be branched on, a time-out cannot.
const marginMilliseconds = 500;
// What Connect waits at most, where no runtime says what is left of it.
const longestCall = 8_000;

/**
 * Makes the Lambda handler for a flow's Invoke AWS Lambda function block.
 *
 * @example
 * export const handler = createHandler({ keyStore: ssmKeyStore({ client }) });
 */
export function createHandler({ log = logJson, retry = false, connect, ...options }: HandlerOptions) {
  const decryptor = createDecryptor(options);

  return async function handler(event: unknown, context?: LambdaContext): Promise<ContactFlowAnswer> {
    const started = performance.now();
    const remaining = (context?.getRemainingTimeInMillis?.() ?? longestCall) - marginMilliseconds;
    const { answer, record, failure } = await withDeadline(Math.max(0, remaining), undefined, (signal) =>
      handleContactFlowEvent(event, {
        decryptor,
        requestId: context?.awsRequestId ?? '',
        ...(connect && { settings: connect }),
        signal,
      }),
    );
    log({ ...record, milliseconds: Math.round(performance.now() - started) });
    if (retry && failure !== undefined && isWorthRetrying(failure)) throw failure;
    return answer;
  };
}

function isWorthRetrying({ code }: FlowKeysError): boolean {
  return code === 'key_store_unavailable';
}

function logJson(line: LambdaLogLine): void {
  console.log(JSON.stringify({ level: line.code === 'ok' ? 'INFO' : 'ERROR', ...line }));
}
