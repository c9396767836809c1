import {
  type ConnectRecord,
  type ConnectSettings,
  type ConsumerCache,
  type ConsumerStore,
  type ContactFlowAnswer,
  createDecryptor,
  createRelay,
  type DecryptorOptions,
  type FlowKeysError,
  handleContactFlowEvent,
  type ReencryptionRecord,
  type UseOptions,
  withDeadline,
} from '../../src/index.ts';
import { answerMargin, instanceArnOf, logLine } from '../../src/internal.ts';
import { auditWriter } from '../node/audit.ts';

/** What is read of the context that the Lambda runtime passes. */
export interface LambdaContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn?: string;
  getRemainingTimeInMillis(): number;
}

/** One line of the function's log: never an input, a ciphertext, a key, nor the event. */
export interface LambdaLogLine extends ConnectRecord {
  readonly contactId: string | null;
  readonly requestId: string;
  readonly milliseconds: number;
}

/** One line of the audit: who had which input encrypted for whom. Never an input, a ciphertext, nor a key. */
export interface LambdaAuditLine extends ReencryptionRecord {
  readonly audit: 'reencryption';
  readonly requestId: string;
  /** The ARN of the function, as it was invoked. */
  readonly caller: string;
  /** The instance of Connect that the event names. */
  readonly instanceArn: string | null;
}

/** Options of {@link createHandler}. */
export interface HandlerOptions extends DecryptorOptions, Partial<UseOptions> {
  /** How an event is answered. Default: as the article. */
  readonly connect?: ConnectSettings;
  /**
   * Whether to throw when a store is unavailable, for Connect to invoke the function again: it does so up
   * to three times, while the flow waits. Default: false, which answers the flow.
   */
  readonly retry?: boolean;
  /** Whom inputs are encrypted for, as far as the settings' `consumers` allow. Default: nobody. */
  readonly consumerStore?: ConsumerStore;
  /** Consumers, to be shared with other handlers. Default: a cache of its own. */
  readonly consumerCache?: ConsumerCache;
  /** Told of every call. Default: a line of JSON on standard output. */
  readonly log?: (line: LambdaLogLine) => void;
  /** Told of every re-encryption, and waited for; what it throws fails it. Default: a line of JSON on standard output. */
  readonly audit?: (line: LambdaAuditLine) => void | Promise<void>;
}

// What Connect waits at most, where no runtime says what is left of it.
const longestCall = 8_000;

/**
 * Makes the Lambda handler for a flow's Invoke AWS Lambda function block.
 *
 * @example
 * export const handler = createHandler({ keyStore: ssmKeyStore({ client }) });
 * @example
 * // The inputs are used here, and do not go back to the flow: it reads $.External.data.result.reference.
 * export const handler = createHandler({
 *   keyStore,
 *   require: ['card', 'expiry', 'cvc'],
 *   codes: ['declined'],
 *   async use({ inputs, parameters, idempotencyKey, signal }) {
 *     const payment = await gateway.charge({ ...inputs, amount: parameters.amount }, { idempotencyKey, signal });
 *     if (!payment.approved) throw new UseError('declined');
 *     return { reference: payment.reference };
 *   },
 * });
 */
export function createHandler({
  log = logJson,
  audit = lambdaAudit(),
  retry = false,
  connect,
  consumerStore,
  ...options
}: HandlerOptions) {
  const decryptor = createDecryptor(options);
  const relay = consumerStore && createRelay({ ...options, decryptor, consumerStore });

  return async function handler(event: unknown, context?: LambdaContext): Promise<ContactFlowAnswer> {
    const startedAt = performance.now();
    const remaining = (context?.getRemainingTimeInMillis?.() ?? longestCall) - answerMargin;
    const requestId = context?.awsRequestId ?? '';
    const who = { requestId, caller: context?.invokedFunctionArn ?? '', instanceArn: instanceArnOf(event) };
    const { answer, record, failures } = await withDeadline(Math.max(0, remaining), undefined, (signal) =>
      handleContactFlowEvent(event, {
        ...options,
        decryptor,
        requestId,
        ...(connect && { settings: connect }),
        ...(relay && { relay }),
        audit: (reencryption) => audit({ audit: 'reencryption', ...who, ...reencryption }),
        signal,
      }),
    );
    log({ ...record, milliseconds: Math.round(performance.now() - startedAt) });
    const worthRetrying = failures.find(isWorthRetrying);
    if (retry && worthRetrying !== undefined) throw worthRetrying;
    return answer;
  };
}

function isWorthRetrying({ code }: FlowKeysError): boolean {
  return code === 'key_store_unavailable' || code === 'consumer_store_unavailable';
}

function logJson(line: LambdaLogLine): void {
  console.log(logLine({ level: levelOf(line), ...line }));
}

/**
 * Makes a writer of the audit. It writes to standard output itself: the runtime drops what `console` is given below the
 * log level.
 *
 * @param more what each line holds, too
 */
export function lambdaAudit(more: () => object = () => ({})): NonNullable<HandlerOptions['audit']> {
  const write = auditWriter({ patience: answerMargin - 100 });
  return (line) => {
    const message = line.code === 'ok' ? 're-encrypted' : 'not re-encrypted';
    return write({ level: levelOf(line), message, timestamp: new Date().toISOString(), ...more(), ...line });
  };
}

function levelOf({ code }: LambdaLogLine | LambdaAuditLine): 'INFO' | 'ERROR' {
  return code === 'ok' ? 'INFO' : 'ERROR';
}
