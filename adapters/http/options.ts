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
  /** Which callers are accepted. */
  readonly authorization: Authorization;
  /** The settings of `/v1/connect`. Default: those of the article. */
  readonly connect?: ConnectSettings;
  /** How long a call may take, in milliseconds. Default: 10,000. */
  readonly timeout?: number;
  /** The consumers to re-encrypt for. Default: none, so that `/v1/reencrypt` is `not_found`. */
  readonly consumerStore?: ConsumerStore;
  /** A cache of consumers that services share. Default: a new one. */
  readonly consumerCache?: ConsumerCache;
  /** Whether a caller may make another call; otherwise it is refused with `rate_limited`. Default: always. */
  readonly mayCall?: (call: Call) => Promise<boolean>;
  /** Called after each request. Default: writes a line of JSON to the console. */
  readonly log?: (line: RequestLogLine) => void;
  /** Called and awaited for each re-encryption. If it throws, the re-encryption fails. Default: writes a line of JSON to the console. */
  readonly audit?: (line: ReencryptionLogLine) => void | Promise<void>;
  /** Called before each request. If it throws, the service responds with that error. */
  readonly assertServing?: () => void;
}

/** A call that a rate limit counts. */
export interface Call {
  /** The caller's name, as in the log. */
  readonly caller: string;
  readonly operation: OperationName;
  /** The number of items of a batch; 1 for any other call. */
  readonly items: number;
}

/** Which callers the service accepts. */
export interface Authorization {
  readonly bearerTokens?: readonly BearerToken[];
  readonly jwtIssuer?: JwtIssuer;
  /** If there are neither tokens nor an issuer, accept calls over loopback. Default: false. */
  readonly isDevelopment?: boolean;
}

/** A bearer token (RFC 6750) that the service accepts, with its limits. */
export interface BearerToken {
  /** The SHA-256 hash of the token, as 64 hexadecimal digits. */
  readonly sha256: string;
  /** The key ids that it may decrypt under. Default: all. */
  readonly keyIds?: readonly string[];
  /** The names of the routes that it may call: `decrypt`, `decryptBatch`, `reencrypt`, `inspect`, `connect`, `metrics`. Default: all. */
  readonly routes?: readonly string[];
  /** The consumers that it may encrypt for; `*` stands for all. Default: none. */
  readonly consumers?: readonly string[];
  /** The fields that it may encrypt for consumers. Default: all. */
  readonly fields?: readonly string[];
}

/** An issuer of JSON Web Tokens (RFC 7519) that the service accepts: Cloudflare Access, or any OpenID provider. */
export interface JwtIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** The `aud` of its tokens. */
  readonly audience: string;
  /** The URL of its JSON Web Key Set. */
  readonly jwksUrl: string;
  /** The allowed signature algorithms, by the names of RFC 7518, section 3.1. */
  readonly algorithms: readonly string[];
  /** The limits of callers with its tokens, as for a bearer token. */
  readonly limits: Omit<BearerToken, 'sha256'> & { readonly routes: readonly string[] };
  /** A scope (RFC 6749, section 3.3) that a token must have, in its `scope` or `scp`. Default: none. */
  readonly requiredScope?: string;
  /** A claim that a token must have, with its value, or one of its values if the claim is a list. Default: none. */
  readonly requiredClaim?: { readonly name: string; readonly value: string };
}

/** What a route adds to the log line of its request. */
export interface LogRecord extends ConnectRecord {
  readonly contactId?: string | null;
  /** The number of items of a batch, or of consumers of a re-encryption. `code` is that of the first failure. */
  readonly items?: number;
  readonly failures?: number;
}

/** A line of the request log. It never holds a plaintext, a ciphertext, a key, a token or the body. */
export interface RequestLogLine extends Partial<LogRecord> {
  readonly level: 'INFO' | 'ERROR';
  readonly requestId: string;
  /** The `x-request-id` that the client sent. */
  readonly clientRequestId?: string;
  readonly traceId: string;
  /** `token:` and the first digits of its hash, `jwt:` and its subject or common name, or `development`. */
  readonly caller?: string;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
}

/** A line of the audit: which caller had which field encrypted for which consumer. It never holds an input, a ciphertext, a key or a token. */
export interface ReencryptionLogLine extends ReencryptionRecord {
  readonly level: 'INFO' | 'ERROR';
  readonly audit: 'reencryption';
  readonly requestId: string;
  /** As in the request log. */
  readonly caller: string;
}
