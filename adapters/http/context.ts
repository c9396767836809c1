import type { RequestIdVariables } from 'hono/request-id';
import type { SecureHeadersVariables } from 'hono/secure-headers';
import type { Decryptor, LookupBudget, Relay } from '../../src/index.ts';
import type { FlowSecurityKeysOptions, LogRecord } from './options.ts';

/** What a request is served with. */
export interface RequestSettings extends FlowSecurityKeysOptions {
  readonly decryptor: Decryptor;
  /** Absent where the service has no store of consumers. */
  readonly relay?: Relay;
  /** The budget of one request, by its caller's name. */
  readonly lookupBudgetOf: (caller: string) => LookupBudget;
}

/** Who calls, and what it may. */
export interface Caller {
  /** `token:` and the first digits of its hash, `jwt:` and its subject or common name, or `development`. */
  readonly name: string;
  readonly keyIds?: readonly string[];
  readonly routes?: readonly string[];
  readonly consumers?: readonly string[];
  readonly fields?: readonly string[];
}

/** Where a request stands in its caller's trace. */
export interface Trace {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** The header to pass on: this request as the parent. */
  readonly traceparent: string;
}

export interface AppEnv {
  Bindings: Record<string, unknown>;
  Variables: RequestIdVariables &
    SecureHeadersVariables & {
      settings: RequestSettings;
      /** Aborted when the time for the call is over, or when its client goes. */
      signal: AbortSignal;
      trace: Trace;
      caller: Caller;
      /** Why a token was refused: for the log, not for who sent it. */
      refusedFor: unknown;
      clientRequestId: string | undefined;
      isBodyRead: boolean;
      record: LogRecord;
    };
}
