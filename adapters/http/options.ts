import type {
  ConnectRecord,
  ConnectSettings,
  ConsumerCache,
  ConsumerStore,
  DecryptorOptions,
  ReencryptionRecord,
  UseOptions,
} from '../../src/index.ts';
import type { OperationName } from './contract.ts';

/** Options of `flowSecurityKeys`. */
export interface FlowSecurityKeysOptions extends DecryptorOptions, Partial<UseOptions> {
  readonly authorization: Authorization;
  /** How `/v1/connect` answers. Default: as the article. */
  readonly connect?: ConnectSettings;
  /** How long a call may take, in milliseconds. Default: 10,000. */
  readonly timeout?: number;
  /** Whom inputs are encrypted for. Default: nobody, so that `/v1/reencrypt` is `not_found`. */
  readonly consumerStore?: ConsumerStore;
  /** Consumers, to be shared with other services. Default: a cache of its own. */
  readonly consumerCache?: ConsumerCache;
  /** Whether a caller may make one call more. Default: always. */
  readonly mayCall?: (call: Call) => Promise<boolean>;
  /** Told of every request. Default: a line of JSON on the console. */
  readonly log?: (line: RequestLogLine) => void;
  /** Told of every re-encryption, and waited for; what it throws fails the request. Default: a line of JSON on the console. */
  readonly audit?: (line: ReencryptionLogLine) => void | Promise<void>;
  /** Called before each request; what it throws is answered in its place. */
  readonly assertServing?: () => void;
}

/** What a rate limit counts. */
export interface Call {
  /** The caller's name, as in the log. */
  readonly caller: string;
  readonly operation: OperationName;
  /** The items of a batch; 1 for another call. */
  readonly items: number;
}

/** Who may call. */
export interface Authorization {
  readonly bearerTokens?: readonly BearerToken[];
  readonly jwtIssuer?: JwtIssuer;
  /** Without tokens and issuer: accept every call that comes to a loopback address, and no other. Default: false. */
  readonly isDevelopment?: boolean;
}

/** A bearer token (RFC 6750) that is accepted. */
export interface BearerToken {
  /** SHA-256 of the token, 64 hexadecimal digits. */
  readonly sha256: string;
  /** The key ids that it may decrypt under. Default: all. */
  readonly keyIds?: readonly string[];
  /** The routes that it may call, by the names of {@link OperationName}. Default: all. */
  readonly routes?: readonly string[];
  /** The consumers that it may encrypt for; `*` among them stands for all. Default: none. */
  readonly consumers?: readonly string[];
  /** The fields that it may encrypt for consumers. Default: all that those may have. */
  readonly fields?: readonly string[];
}

/** Who issues JSON Web Tokens (RFC 7519) that are accepted: Cloudflare Access, or any OpenID provider. */
export interface JwtIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  /** Names of RFC 7518, section 3.1. */
  readonly algorithms: readonly string[];
  /** What callers with its tokens may do; the members mean what those of a bearer token do. */
  readonly limits: Omit<BearerToken, 'sha256'> & { readonly routes: readonly string[] };
  /** A scope (RFC 6749, section 3.3) that a token must have, in its `scope` or `scp`. Default: none. */
  readonly requiredScope?: string;
  /** A claim that a token must have, and its value; where the claim is a list, one of its values. Default: none. */
  readonly requiredClaim?: { readonly name: string; readonly value: string };
}

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
  /** What the client sent as `x-request-id`. */
  readonly clientRequestId?: string;
  readonly traceId: string;
  /** `token:` and the first digits of its hash, `jwt:` and its subject or common name, or `development`. */
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
  /** As in the log of requests. */
  readonly caller: string;
}
