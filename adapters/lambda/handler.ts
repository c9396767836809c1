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

/** The part of the Lambda runtime's context that the handler reads. */
export interface LambdaContext {
  readonly awsRequestId: string;
  readonly invokedFunctionArn?: string;
  getRemainingTimeInMillis(): number;
}

/** A line of the function's log. It never holds an input, a ciphertext, a key or the event. */
export interface LambdaLogLine extends ConnectRecord {
  readonly contactId: string | null;
  readonly requestId: string;
  readonly milliseconds: number;
}

/** A line of the audit: which caller had which field encrypted for which consumer. It never holds an input, a ciphertext or a key. */
export interface LambdaAuditLine extends ReencryptionRecord {
  readonly audit: 'reencryption';
  readonly requestId: string;
  /** The ARN that the function was invoked with. */
  readonly caller: string;
  /** The Connect instance that the event names. */
  readonly instanceArn: string | null;
}

/** Options of {@link createHandler}. */
export interface HandlerOptions extends DecryptorOptions, Partial<UseOptions> {
  /** The settings of the response. Default: those of the article. */
  readonly connect?: ConnectSettings;
  /**
   * Whether to throw when a store is unavailable, so that Connect invokes the function again, up to three times while the
   * flow waits. Default: false, which returns the error to the flow.
   */
  readonly retry?: boolean;
  /** The consumers to re-encrypt for, if the `consumers` of the settings allow them. Default: none. */
  readonly consumerStore?: ConsumerStore;
  /** A cache of consumers that handlers share. Default: a new one. */
  readonly consumerCache?: ConsumerCache;
  /** Called after each invocation. Default: writes a line of JSON to standard output. */
  readonly log?: (line: LambdaLogLine) => void;
  /** Called and awaited for each re-encryption. If it throws, the re-encryption fails. Default: writes a line of JSON to standard output. */
  readonly audit?: (line: LambdaAuditLine) => void | Promise<void>;
}

// The longest that Connect waits, if the runtime does not say how much time is left.
const longestCall = 8_000;

/**
 * Creates the Lambda handler for a flow's Invoke AWS Lambda function block.
 *
 * @returns a handler that returns errors to the flow. With `retry`, it throws FlowKeysError `key_store_unavailable` and
 *   `consumer_store_unavailable`.
 *
 * @example
 * export const handler = createHandler({ keyStore: ssmKeyStore({ client }) });
 * @example
 * // Your code uses the inputs here. The flow never gets them: it reads $.External.data.result.reference.
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
 * Makes a writer of audit lines. It does not use `console`, whose lines the runtime drops below the log level.
 *
 * @param more returns further members of each line
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
