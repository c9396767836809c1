import { type ErrorCode, FlowKeysError, type RedactedCause } from '../../src/errors.ts';

/** The exit codes of the process, for scripts to branch on. */
export const exitCodes = {
  done: 0,
  /** A bug in this product. */
  defect: 1,
  /** An unknown command or option, or an invalid value. */
  usage: 2,
  /** A file, ciphertext, key or certificate is invalid or cannot be read. */
  input: 3,
  /** A check (`doctor`, `flow check`, `keys list`) found a problem. */
  findings: 4,
  /** A service is unavailable: the same command may succeed later. */
  unavailable: 5,
  /** A service refused: invalid credentials, missing permissions, or something that does not exist. */
  refused: 6,
  /** The user must confirm first, or said no. */
  unconfirmed: 7,
  /** Something exists and must not be overwritten. */
  conflict: 8,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** The error codes of the command line, in addition to those of {@link FlowKeysError}. */
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

/** Says what failed and what to do next. It never quotes a secret. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: CommandCode;
  override readonly cause: RedactedCause | undefined;

  constructor(code: CommandCode, message: string, cause?: unknown) {
    super(message);
    this.code = code;
    // FlowKeysError redacts the cause.
    this.cause = cause === undefined ? undefined : new FlowKeysError('internal_error', message, { cause }).cause;
  }
}

/** The exit code for an error. */
export function exitCodeFor(error: unknown): ExitCode {
  if (error instanceof CommandError) return commandCodes[error.code];
  if (error instanceof FlowKeysError) {
    // Missing permissions do not fix themselves, so this is not an outage.
    const isRefused = /AccessDenied|NotAuthorized|Expired|Credentials|Unrecognized|Signature|InvalidClientTokenId/;
    if (/_store_unavailable$/.test(error.code) && isRefused.test(error.cause?.name ?? '')) return exitCodes.refused;
    return exitCodeOf[error.code] ?? exitCodes.input;
  }
  return exitCodes.defect;
}
