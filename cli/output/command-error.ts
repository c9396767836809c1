import { type ErrorCode, FlowKeysError, type RedactedCause } from '../../src/errors.ts';

/** What the process ends with, for scripts to branch on. */
export const exitCodes = {
  done: 0,
  /** A defect of this product. */
  defect: 1,
  /** Unknown commands and options, and wrong values of options. */
  usage: 2,
  /** A file, a ciphertext, a key or a certificate is not what it should be. */
  input: 3,
  /** A check (`doctor`, `flow check`, `keys list`) found something to mend. */
  findings: 4,
  /** A service does not answer now: the same call may succeed later. */
  unavailable: 5,
  /** A service refuses: credentials, permissions, or a thing that is not there. */
  refused: 6,
  /** Somebody must confirm first, or said no. */
  unconfirmed: 7,
  /** What is there already must not be overwritten. */
  conflict: 8,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The command line's own error codes, beside those of {@link FlowKeysError}. */
const commandCodes = {
  invalid_option: exitCodes.usage,
  unreadable_file: exitCodes.input,
  unwritable_file: exitCodes.input,
  invalid_certificate: exitCodes.input,
  invalid_public_key: exitCodes.input,
  aws_unavailable: exitCodes.unavailable,
  aws_refused: exitCodes.refused,
  confirmation_needed: exitCodes.unconfirmed,
  conflict: exitCodes.conflict,
} as const satisfies Readonly<Record<string, ExitCode>>;

export type CommandCode = keyof typeof commandCodes;

const exitCodeOf: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  key_store_unavailable: exitCodes.unavailable,
  service_unreachable: exitCodes.unavailable,
  consumer_store_unavailable: exitCodes.unavailable,
  audit_unavailable: exitCodes.unavailable,
  issuer_unavailable: exitCodes.unavailable,
  shutting_down: exitCodes.unavailable,
  deadline_exceeded: exitCodes.unavailable,
  unauthorized: exitCodes.refused,
  forbidden: exitCodes.refused,
  not_configured: exitCodes.refused,
  unknown_key: exitCodes.refused,
  unknown_consumer: exitCodes.refused,
  not_found: exitCodes.refused,
  internal_error: exitCodes.defect,
};

/** What a command cannot do, and what to do next, in one sentence or two. It quotes no secret. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: CommandCode;
  override readonly cause: RedactedCause | undefined;

  constructor(code: CommandCode, message: string, cause?: unknown) {
    super(message);
    this.code = code;
    // The core's error knows how to keep identifiers alone of a foreign one.
    this.cause = cause === undefined ? undefined : new FlowKeysError('internal_error', message, { cause }).cause;
  }
}

/** How the process ends after an error. */
export function exitCodeFor(error: unknown): ExitCode {
  if (error instanceof CommandError) return commandCodes[error.code];
  if (error instanceof FlowKeysError) {
    // What stands between a store and its keeper is not over in a minute.
    const isRefused = /AccessDenied|NotAuthorized|Expired|Credentials|Unrecognized|Signature|InvalidClientTokenId/;
    if (/_store_unavailable$/.test(error.code) && isRefused.test(error.cause?.name ?? '')) return exitCodes.refused;
    return exitCodeOf[error.code] ?? exitCodes.input;
  }
  return exitCodes.defect;
}
