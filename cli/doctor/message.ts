import { FlowKeysError, inspect } from '../../src/index.ts';
import { type Finding, ok, problem } from './check.ts';

export interface MessageFindings {
  readonly findings: readonly Finding[];
  /** The key id that the message names. */
  readonly keyId?: string;
}

/** Checks a ciphertext without a key. */
export async function checkMessage(ciphertext: string, givenKeyId: string | undefined): Promise<MessageFindings> {
  try {
    const { suite, signature, encryptedDataKeys } = await inspect(ciphertext);
    const named = encryptedDataKeys.filter(({ providerId }) => providerId === 'AmazonConnect');
    const [first] = named;
    const read = ok('message', `an AWS Encryption SDK message of suite ${suite.id}`);
    if (first === undefined) {
      const fix = 'Pass what the Store customer input block stored: Connect did not encrypt this message.';
      return { findings: [read, problem('key id', 'the message does not name a key of Connect', fix)] };
    }
    const keyIds = named.map(({ providerInfo }) => providerInfo);
    const keyId = keyIds.find((candidate) => candidate === givenKeyId) ?? first.providerInfo;
    return { findings: [read, signatureFinding(signature), keyIdFinding(keyId, givenKeyId)], keyId };
  } catch (error) {
    if (!(error instanceof FlowKeysError)) throw error;
    const fix =
      error.code === 'no_caller_input'
        ? 'Check for "Timeout" in the flow before it invokes the function: the caller typed nothing.'
        : 'Pass $.StoredCustomerInput to the function unchanged: the message is incomplete or damaged.';
    return { findings: [problem('message', `${error.code}: ${error.message}`, fix)] };
  }
}

function signatureFinding(signature: 'valid' | 'invalid' | 'none'): Finding {
  if (signature === 'valid') return ok('signature', 'valid');
  const fix = 'Find out where the message was altered: every message from Connect has a valid signature.';
  return problem('signature', signature === 'none' ? 'missing' : 'invalid', fix);
}

function keyIdFinding(named: string, given: string | undefined): Finding {
  if (given === undefined || given === named) return ok('key id', named);
  const fix = `Use the same key id in the flow's input block and in the function's parameter "key-id": the message names ${named}.`;
  return problem('key id', 'the message names a different key id', fix);
}
