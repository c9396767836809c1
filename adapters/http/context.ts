import type { RequestIdVariables } from 'hono/request-id';
import type { SecureHeadersVariables } from 'hono/secure-headers';
import type { Decryptor, LookupBudget, Relay } from '../../src/index.ts';
import type { BearerToken, FlowSecurityKeysOptions, LogRecord } from './options.ts';

/** The settings that a request is served with. */
export interface RequestSettings extends FlowSecurityKeysOptions {
  readonly decryptor: Decryptor;
  /** Absent if the service has no consumer store. */
  readonly relay?: Relay;
  /** Makes the budget of one request of this caller. */
  readonly lookupBudgetOf: (caller: string) => LookupBudget;
}

/** The caller of a request, with its limits. */
export interface Caller extends Omit<BearerToken, 'sha256'> {
  /** `token:` and the first digits of its hash, `jwt:` and its subject or common name, or `development`. */
  readonly name: string;
}

/** The place of a request in its caller's trace. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The header that the service sends, with this request as the parent. */
  readonly traceparent: string;
}

export interface AppEnv {
  Bindings: Record<string, unknown>;
  Variables: RequestIdVariables &
    SecureHeadersVariables & {
      settings: RequestSettings;
      /** Aborted when the call times out, or when its client disconnects. */
      signal: AbortSignal;
      trace: Trace;
      caller: Caller;
      /** Why a token was refused. Logged, but not sent to the client. */
      refusedFor: unknown;
      clientRequestId: string | undefined;
      isBodyRead: boolean;
      record: LogRecord;
    };
}
