import type { Context } from 'hono';
import type { ConnectRecord, ReencryptionRecord } from '../../../src/index.ts';
import type { AppEnv } from '../app.ts';

/** What a route adds to the line of its request. */
export interface LogRecord extends ConnectRecord {
  readonly contactId?: string | null;
  /** Of a batch, or the consumers of a re-encryption; `code` is that of the first that failed. */
  readonly items?: number;
  readonly failures?: number;
}

/** One line of the service's log: never a plaintext, a ciphertext, a key, a token, nor the body. */
export interface RequestLogLine extends Partial<LogRecord> {
  readonly level: 'INFO' | 'ERROR';
  readonly requestId: string;
  readonly traceId: string;
  /** The first digits of the token's hash, or the subject at the issuer. */
  readonly caller?: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** One line of the audit: who had which input encrypted for whom. Never an input, a ciphertext, a key, nor a token. */
export interface ReencryptionLogLine extends ReencryptionRecord {
  readonly level: 'INFO' | 'ERROR';
  readonly audit: 'reencryption';
  readonly requestId: string;
  /** The first digits of the token's hash, the subject at the issuer, or `development`. */
  readonly caller: string;
}

export function writeLog(context: Context<AppEnv>, log: (line: RequestLogLine) => void, milliseconds: number): void {
  const { status } = context.res;
  const { requestId, trace, caller } = context.var;
  const record = context.get('record');
  const line: RequestLogLine = {
    level: status < 400 && (record === undefined || record.code === 'ok') ? 'INFO' : 'ERROR',
    requestId,
    traceId: trace.traceId,
    ...(caller && { caller: caller.name }),
    method: context.req.method,
    route: context.req.routePath,
    status,
    ...record,
    milliseconds: Math.round(milliseconds),
  };
  try {
    log(line);
  } catch {
    // A log that fails must not take the answer from a client whose input is decrypted.
  }
}

export function logJson(line: RequestLogLine | ReencryptionLogLine): void {
  console.log(JSON.stringify(line));
}
