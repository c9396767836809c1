/** `error`: an input leaks or is lost, or calls fail. `warning`: they may. `note`: AWS does not say, or a person should look. */
export type Severity = 'error' | 'warning' | 'note';

// Each code with its fix. Codes are stable: accepted findings name them.

const errors = {
  stored_unencrypted: 'Select "Encrypt entry" in the block',
  encryption_not_stored: 'Select "Store customer input"; only stored input is encrypted',
  encryption_incomplete: 'Give the block both a key id and a certificate',
  telephone_encrypted: 'Set the input type to "Custom"; only custom input is encrypted',
  validation_missing: 'Select "Custom" with a maximum number of digits, or "Phone number"',
  key_id_empty: 'Enter a key id from "flow-keys keys list"',
  key_id_placeholder: 'Enter a key id from "flow-keys keys list"',
  unknown_key_id: 'Enter a key id from "flow-keys keys list"',
  private_key_in_flow:
    'Replace it with the certificate, and rotate the key with "flow-keys rotate": everyone who can read the flow has the private key',
  public_key_in_flow: "Paste the key's certificate, not its public key",
  certificate_unreadable: 'Paste the complete content of certificate.pem',
  certificate_expired: 'Rotate the key with "flow-keys rotate"',
  certificate_not_yet_valid: 'Paste a certificate that is valid now',
  certificate_mismatch: 'Paste the certificate that belongs to this key id',
  prompt_count: 'Keep exactly one of Text, SSML, PromptId and Media',
  input_limit: 'Set a limit that Connect accepts',
  conditions_ignored: 'Compare $.StoredCustomerInput in a separate block',
  recording_on: 'On every path to the input, turn off automated interaction recording in "Set recording behavior"',
  agent_recording_on:
    'Turn off call recording before the input, or suspend it with SuspendContactRecording and accept the finding',
  logging_on: 'Put "Set logging behavior: Disable" before it on every path',
  plaintext_logged: 'Keep logging disabled until the last block that handles the decrypted input',
  buffer_stored_unencrypted:
    'Encrypt what the block stores, or set StoreInput to False; the buffer can hold digits of the input',
  surplus_digits: 'Stop buffering after the encrypted input; its surplus digits reach this block unencrypted',
  input_kept: 'Encrypt the input before it is stored with the contact',
  plaintext_kept: 'Use the plaintext in the function; contact attributes stay in the contact record for 24 months',
  plaintext_spoken: 'Say at most the last four digits, which the function returns',
  plaintext_to_function: 'Pass the encrypted input, and decrypt it in that function',
  plaintext_passed: 'Remove the plaintext from the block; Connect would store or display it',
  key_id_differs: 'Pass the key id that encrypts the input as "key-id"',
  input_not_passed: 'Pass it to a function as a parameter',
  input_overwritten: 'Before the next input, copy $.StoredCustomerInput into an attribute or call the function',
  timeout_not_checked: 'Compare the input with "Timeout" first; that is its value when the caller types nothing',
  string_map_nested: 'Set the response validation to JSON, or ANSWER=flat on the function',
  asynchronous_answer: 'Invoke the function synchronously, or add "Wait" and "Load Lambda result" before this block',
  comparison_never_true:
    'Compare $.External.data.success with "true" or "false", or $.External.status-code with "200" or "500"',
  lambda_limit: 'Set the time limit to 8 seconds (asynchronous: at most 60)',
  lambda_without_error_branch: 'Connect the Error branch; without it the call ends',
  error_branch_missing: 'Connect the branch; Connect requires it',
  next_block_missing: 'Connect the Success branch',
  dangling_branch: 'Connect the branch to a block of this flow',
  start_missing: 'Set StartAction to the identifier of the first block',
  identifier_invalid:
    'Give each block a unique identifier of at most 50 characters, without % : ( \\ / ) = $ , ; [ ] { }',
  too_many_blocks: 'Move blocks into a module; a flow can have at most 250',
};

const warnings = {
  certificate_expiring: 'Rotate the key with "flow-keys rotate" before the certificate expires',
  buffering_on: 'Stop buffering before the input, so that keys typed ahead do not become part of it',
  plaintext_in_flow_attribute: 'Use the plaintext in the function; flow attributes appear in the flow log',
  ciphertext_spoken: 'Remove it from the prompt; the stored input is a ciphertext',
  security_code_kept:
    'Use a flow attribute, or overwrite this one: PCI DSS 3.3.1 forbids storing the code after authorization, even encrypted',
  answer_without_function: 'Invoke the function on every path to this block',
  answer_unknown:
    'Read an existing name, such as $.External.data.success ($.External.success with STRING_MAP and ANSWER=flat), or accept the finding if the function is your own',
  functions_too_long:
    'Put a prompt between the functions, or lower their time limits; a sequence of functions has 20 seconds',
};

const notes = {
  call_recording_on: 'If an agent is on the line here, suspend the recording with SuspendContactRecording',
  logging_unknown: 'Put "Set logging behavior: Disable" first; logging that an earlier flow enabled stays enabled',
  response_validation_missing: 'Set the response validation to JSON; AWS does not document the default',
  answer_not_compared: 'Compare $.External.data.success with "true"; the function also returns failures',
  unreachable_block: 'Connect the block or remove it',
};

/** A finding's stable code, such as `recording_on`. */
export type FindingCode = keyof typeof errors | keyof typeof warnings | keyof typeof notes;

interface FindingKind {
  readonly severity: Severity;
  /** How to fix it. */
  readonly fix: string;
}

/** Every finding of {@link checkFlow}, by its code. */
export const findingKinds: Readonly<Record<FindingCode, FindingKind>> = {
  ...withSeverity('error', errors),
  ...withSeverity('warning', warnings),
  ...withSeverity('note', notes),
};

function withSeverity<Code extends string>(severity: Severity, fixes: Readonly<Record<Code, string>>) {
  const kinds = Object.entries<string>(fixes).map(([code, fix]) => [code, { severity, fix }]);
  return Object.fromEntries(kinds) as Record<Code, FindingKind>;
}

/** What is wrong with a flow, where, and how to fix it. It never quotes a key or a certificate. */
export interface FlowFinding extends FindingKind, Fault {
  /** The blocks of a shortest path there, ending with the block itself; empty if no path leads there. */
  readonly way: readonly string[];
}

/** A problem at a block, before it is known how a call gets there. */
export interface Fault {
  readonly code: FindingCode;
  /** The block's identifier. */
  readonly block: string;
  /** What is wrong. The block is the subject of the sentence. */
  readonly message: string;
}

export function fault(code: FindingCode, { Identifier }: { readonly Identifier: string }, message: string): Fault {
  return { code, block: Identifier, message };
}
