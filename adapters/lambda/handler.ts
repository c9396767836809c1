import { withDeadline } from '../../src/deadline.ts';
import {
  type ContactFlowAnswer,
  createDecryptor,
  type DecryptionRecord,
  type DecryptorOptions,
  handleContactFlowEvent,
} from '../../src/index.ts';

/** What is read of the context that the Lambda runtime passes. */
export interface LambdaContext {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** One line of the function's log. */
export interface LambdaLogLine extends DecryptionRecord {
  readonly level: 'INFO' | 'ERROR';
  readonly contactId: string | null;
  readonly requestId: string;
  readonly milliseconds: number;
}

export interface HandlerOptions extends DecryptorOptions {
  /** Default: a line of JSON on standard output. */
  readonly log?: (line: LambdaLogLine) => void;
}

// Time to answer in before the runtime, or Connect, gives up: an answer can be branched on, a time-out cannot.
const marginMilliseconds = 500;

/**
 * Makes the Lambda handler for a flow's Invoke AWS Lambda function block.
 *
 * @example
 * export const handler = createHandler({ keyStore: ssmKeyStore({ client }) });
 */
export function createHandler({ log = logJson, ...options }: HandlerOptions) {
  const decryptor = createDecryptor(options);

  return async function handler(event: unknown, context: LambdaContext): Promise<ContactFlowAnswer> {
    const started = performance.now();
    const remaining = Math.max(0, context.getRemainingTimeInMillis() - marginMilliseconds);
    const { answer, record } = await withDeadline(remaining, undefined, (signal) =>
      handleContactFlowEvent(event, { decryptor, requestId: context.awsRequestId, signal }),
    );
    const level = record.code === 'ok' ? 'INFO' : 'ERROR';
    log({ level, ...record, milliseconds: Math.round(performance.now() - started) });
    return answer;
  };
}

function logJson(line: LambdaLogLine): void {
  console.log(JSON.stringify(line));
}
