import { FlowKeysError, inspect } from '../../src/index.ts';
import { type Finding, ok, problem } from './check.ts';

export interface MessageFindings {
  readonly findings: readonly Finding[];
  /** The key id that the message names for Connect's provider. */
  readonly keyId?: string;
}

/** Looks at a ciphertext without a key. */
export async function checkMessage(ciphertext: string, givenKeyId: string | undefined): Promise<MessageFindings> {
  try {
    const { suite, signature, encryptedDataKeys } = await inspect(ciphertext);
    const named = encryptedDataKeys.filter(({ providerId }) => providerId === 'AmazonConnect');
    const [first] = named;
    const read = ok('message', `an AWS Encryption SDK message of suite ${suite.id}`);
    if (first === undefined) {
      const mend =
        'Pass what the Store customer input block stored: this message was encrypted by something else than Connect.';
      return { findings: [read, problem('key id', 'the message names none of Connect', mend)] };
    }
    const keyIds = named.map(({ providerInfo }) => providerInfo);
    const keyId = keyIds.find((candidate) => candidate === givenKeyId) ?? first.providerInfo;
    return { findings: [read, signatureFinding(signature), keyIdFinding(keyId, givenKeyId)], keyId };
  } catch (error) {
    if (!(error instanceof FlowKeysError)) throw error;
    const mend =
      error.code === 'no_caller_input'
        ? 'Check for "Timeout" in the flow before it calls the function: the caller typed nothing.'
        : 'Pass $.StoredCustomerInput to the function as it is: what arrived is no whole message.';
    return { findings: [problem('message', `${error.code}: ${error.message}`, mend)] };
  }
}

function signatureFinding(signature: 'valid' | 'invalid' | 'none'): Finding {
  if (signature === 'valid') return ok('signature', 'valid');
  const mend = 'Find out where the message was altered: every message of Connect has a valid signature.';
  return problem('signature', signature === 'none' ? 'there is none' : 'invalid', mend);
}

function keyIdFinding(named: string, given: string | undefined): Finding {
  if (given === undefined || given === named) return ok('key id', named);
  const mend = `Give the flow's input block and the function's parameter "key-id" the same key id: the message names ${named}.`;
  return problem('key id', 'the message names another one than was passed', mend);
}
