/** `error`: an input leaks, is lost, or calls fail. `warning`: it may. `note`: AWS does not say, or it is worth a look. */
export type Severity = 'error' | 'warning' | 'note';

interface FindingKind {
  readonly severity: Severity;
  readonly fix: string;
}

/** Every finding of {@link checkFlow}. Codes are stable: accepted findings name them. */
export const findingKinds = {
  // How an input is taken.

  stored_unencrypted: { severity: 'error', fix: 'Select "Encrypt entry" in the block' },
  encryption_not_stored: { severity: 'error', fix: 'Select "Store customer input"; only stored input is encrypted' },
  encryption_incomplete: { severity: 'error', fix: 'Give the block both a key id and a certificate' },
  telephone_encrypted: { severity: 'error', fix: 'Set the input type to "Custom"; only custom input is encrypted' },
  validation_missing: { severity: 'error', fix: 'Set "Custom" with a maximum of digits, or "Phone number"' },
  key_id_empty: { severity: 'error', fix: 'Enter a key id that "flow-keys keys list" shows' },
  key_id_placeholder: { severity: 'error', fix: 'Enter a key id that "flow-keys keys list" shows' },
  unknown_key_id: { severity: 'error', fix: 'Enter a key id that "flow-keys keys list" shows' },
  private_key_in_flow: {
    severity: 'error',
    fix: 'Replace it with the certificate alone, and rotate the key with "flow-keys rotate": everyone who may read the flow has the private key',
  },
  public_key_in_flow: { severity: 'error', fix: 'Paste the certificate of the key, not its public key' },
  certificate_unreadable: { severity: 'error', fix: 'Paste the whole of certificate.pem' },
  certificate_expired: { severity: 'error', fix: 'Rotate with "flow-keys rotate"' },
  certificate_expiring: { severity: 'warning', fix: 'Rotate with "flow-keys rotate" before the certificate expires' },
  certificate_not_yet_valid: { severity: 'error', fix: 'Paste a certificate that is valid now' },
  certificate_mismatch: { severity: 'error', fix: 'Paste the certificate of the key that the key id names' },
  prompt_count: { severity: 'error', fix: 'Keep one of Text, SSML, PromptId and Media' },
  input_limit: { severity: 'error', fix: 'Set a limit that Connect accepts' },
  conditions_ignored: { severity: 'error', fix: 'Compare $.StoredCustomerInput in a separate block' },

  // What is recorded and logged.

  recording_on: {
    severity: 'error',
    fix: 'Set the automated interaction recording off in "Set recording behavior" before the input, on every way to it',
  },
  agent_recording_on: {
    severity: 'error',
    fix: 'Set the recording of agent and customer off before the input, or suspend it with SuspendContactRecording and accept the finding',
  },
  call_recording_on: {
    severity: 'note',
    fix: 'Nothing, if no agent is on the line here; otherwise suspend the recording with SuspendContactRecording',
  },
  logging_on: {
    severity: 'error',
    fix: 'Put "Set logging behavior: Disable" before it, on every way to it',
  },
  logging_unknown: {
    severity: 'note',
    fix: 'Put "Set logging behavior: Disable" first: an earlier flow may have enabled logging, which stays enabled',
  },
  plaintext_logged: {
    severity: 'error',
    fix: 'Keep logging disabled until the last block that handles the decrypted input',
  },

  // Touchtone buffering.

  buffering_on: {
    severity: 'warning',
    fix: 'Stop buffering before the input, so that keys typed ahead do not become part of it',
  },
  buffer_stored_unencrypted: {
    severity: 'error',
    fix: 'Encrypt what the block stores, or set StoreInput to False: surplus digits of the input can be in the buffer',
  },
  surplus_digits: {
    severity: 'error',
    fix: 'Stop buffering after the encrypted input: its surplus digits reach this block unencrypted',
  },

  // Where inputs and plaintexts go.

  input_kept: { severity: 'error', fix: 'Encrypt the input before it is kept with the contact' },
  plaintext_kept: {
    severity: 'error',
    fix: 'Let the function use the plaintext: contact attributes stay in the contact record for 24 months',
  },
  plaintext_in_flow_attribute: {
    severity: 'warning',
    fix: 'Let the function use the plaintext: flow attributes appear in the flow log when logging is enabled',
  },
  plaintext_spoken: { severity: 'error', fix: 'Say at most the last four digits, which the function returns' },
  ciphertext_spoken: { severity: 'warning', fix: 'Remove it from the prompt: what is stored is a ciphertext' },
  plaintext_to_function: { severity: 'error', fix: 'Pass the encrypted input, and decrypt it in that function' },
  plaintext_passed: { severity: 'error', fix: 'Remove the plaintext from the block: Connect keeps or displays it' },
  security_code_kept: {
    severity: 'warning',
    fix: 'Keep it in a flow attribute, or overwrite the contact attribute: PCI DSS 3.3.1 does not let it stay after authorisation, even encrypted',
  },

  // The contract between input, function and answer.

  key_id_differs: { severity: 'error', fix: 'Pass the key id that the input is encrypted with as "key-id"' },
  input_not_passed: { severity: 'error', fix: 'Pass it to a function as a parameter' },
  input_overwritten: {
    severity: 'error',
    fix: 'Copy $.StoredCustomerInput into an attribute, or call the function, before the next input',
  },
  timeout_not_checked: {
    severity: 'error',
    fix: 'Compare the input with "Timeout" before it is passed: that is its text when the caller typed nothing',
  },
  string_map_nested: { severity: 'error', fix: 'Set the response validation to JSON, or the function to ANSWER=flat' },
  response_validation_missing: {
    severity: 'note',
    fix: 'Set the response validation to JSON: AWS does not document what happens without it',
  },
  asynchronous_answer: {
    severity: 'error',
    fix: 'Invoke the function synchronously, or put "Wait" and "Load Lambda result" before its answer is read',
  },
  answer_without_function: { severity: 'warning', fix: 'Invoke the function on every way to this block' },
  comparison_never_true: {
    severity: 'error',
    fix: 'Compare $.External.data.success with "true" or "false", and $.External.status-code with "200" or "500"',
  },
  answer_unknown: {
    severity: 'warning',
    fix: 'Read a name of the answer, such as $.External.data.success ($.External.success with STRING_MAP and ANSWER=flat); accept the finding if the function is your own',
  },
  answer_not_compared: {
    severity: 'note',
    fix: 'Compare $.External.data.success with "true": the function returns failures, too',
  },
  lambda_limit: { severity: 'error', fix: 'Set the time limit to 8 seconds (asynchronous: at most 60)' },
  functions_too_long: {
    severity: 'warning',
    fix: 'Put a prompt between the functions, or lower their time limits: a sequence of functions has 20 seconds',
  },

  // The flow's structure.

  lambda_without_error_branch: { severity: 'error', fix: 'Connect the Error branch: without it the call ends' },
  error_branch_missing: { severity: 'error', fix: 'Connect the branch; Connect requires it' },
  next_block_missing: { severity: 'error', fix: 'Connect the Success branch' },
  dangling_branch: { severity: 'error', fix: 'Connect the branch to a block of the flow' },
  start_missing: { severity: 'error', fix: 'Set StartAction to the identifier of the first block' },
  identifier_invalid: {
    severity: 'error',
    fix: 'Give each block a unique identifier of at most 50 characters, without % : ( \\ / ) = $ , ; [ ] { }',
  },
  too_many_blocks: { severity: 'error', fix: 'Move blocks into a module: a flow has at most 250' },
  unreachable_block: { severity: 'note', fix: 'Connect the block, or remove it' },
} as const satisfies Readonly<Record<string, FindingKind>>;

/** A finding's stable code, such as `recording_on`. */
export type FindingCode = keyof typeof findingKinds;

/** What is wrong with a flow, where, and how to fix it. It never quotes a key or a certificate. */
export interface FlowFinding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** The block's identifier. */
  readonly block: string;
  /** The blocks of a shortest way that leads there, the block itself last; empty where none does. */
  readonly way: readonly string[];
  /** What is wrong; the block is the sentence's subject. */
  readonly message: string;
  readonly fix: string;
}

/** A finding before its way is known. */
export interface Fault {
  readonly code: FindingCode;
  readonly block: string;
  readonly message: string;
}

export function fault(code: FindingCode, { Identifier }: { readonly Identifier: string }, message: string): Fault {
  return { code, block: Identifier, message };
}
