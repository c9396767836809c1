import { type Fault, type FindingCode, fault } from '../findings.ts';
import { functionInvoked } from '../follow/facts.ts';
import type { Point } from '../follow/follow.ts';
import { isPlaintext, type Token } from '../follow/token.ts';
import { parameter, referencesIn, terminalTypes, textsIn } from '../language.ts';

const speakingTypes: ReadonlySet<string> = new Set([
  'MessageParticipant',
  'MessageParticipantIteratively',
  'GetParticipantInput',
  'ConnectParticipantWithLexBot',
]);

const storingTypes: ReadonlySet<string> = new Set([
  'UpdateContactAttributes',
  'UpdateContactData',
  'CreateTask',
  'CreateCase',
  'UpdateCase',
  'TagContact',
  'CreateCustomerProfile',
  'UpdateCustomerProfile',
]);

/** Decrypted and unencrypted inputs must not go where Connect stores or says them. */
export function* checkPlaintext({ facts, token }: Point): Generator<Fault> {
  const { action, references } = facts;
  if (token?.kind === 'clear') {
    if (storingTypes.has(action.Type) && references.some((path) => token.locations.includes(path)))
      yield fault('input_kept', action, `stores the unencrypted input of "${token.block}" with the contact`);
  } else if (token?.kind === 'input') {
    yield* checkSpoken(token, facts);
    yield* checkSecurityCode(token, facts);
  } else if (token !== undefined && references.some((path) => isPlaintext(token, path))) {
    const [code, does] = plaintextFault(action.Type, action.Identifier, token) ?? [];
    if (code !== undefined) yield fault(code, action, `${does} what "${token.block}" decrypted`);
  }
}

function plaintextFault(type: string, block: string, token: Token): readonly [FindingCode, string] | undefined {
  if (type === 'Compare') return undefined;
  if (speakingTypes.has(type)) return ['plaintext_spoken', 'says'];
  if (type === 'UpdateFlowAttributes') return ['plaintext_in_flow_attribute', 'stores in a flow attribute'];
  if (storingTypes.has(type)) return ['plaintext_kept', 'stores with the contact'];
  if (type !== functionInvoked) return ['plaintext_passed', 'receives'];
  return block === token.block ? undefined : ['plaintext_to_function', 'passes to another function'];
}

function* checkSpoken(token: Token, { action }: Point['facts']): Generator<Fault> {
  if (!speakingTypes.has(action.Type)) return;
  const said = ['Text', 'SSML'].flatMap((name) => textsIn(parameter(action, name))).flatMap(referencesIn);
  if (said.some((path) => token.locations.includes(path)))
    yield fault('ciphertext_spoken', action, `says the ciphertext of "${token.block}"`);
}

const securityCode = /cvc|cvv|cv2|\bcsc\b|\bcid\b|security[ _-]?code|card[ _-]?verification/i;

/** Contact attributes outlive the call. */
function* checkSecurityCode(token: Token, { action }: Point['facts']): Generator<Fault> {
  if (!terminalTypes.has(action.Type) || token.typed === 'no') return;
  const { block: Identifier } = token;
  for (const name of contactAttributesWith(token).filter((attribute) => securityCode.test(attribute)))
    yield fault('security_code_kept', { Identifier }, `takes a security code that stays in attribute "${name}"`);
}

/** The names of the contact attributes that hold a value. */
export function contactAttributesWith({ locations }: Token): readonly string[] {
  return locations.flatMap((path) => (path.startsWith('$.Attributes.') ? [path.slice('$.Attributes.'.length)] : []));
}
