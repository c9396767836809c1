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

const keepingTypes: ReadonlySet<string> = new Set([
  'UpdateContactAttributes',
  'UpdateContactData',
  'CreateTask',
  'CreateCase',
  'UpdateCase',
  'TagContact',
  'CreateCustomerProfile',
  'UpdateCustomerProfile',
]);

/** What a function decrypted, and what was never encrypted, must not go where Connect keeps or says it. */
export function checkPlaintext({ facts, token }: Point): readonly Fault[] {
  if (token === undefined) return [];
  const { action, references } = facts;
  if (token.kind === 'clear') {
    return keepingTypes.has(action.Type) && references.some((path) => token.locations.includes(path))
      ? [fault('input_kept', action, `keeps the unencrypted input of "${token.block}" with the contact`)]
      : [];
  }
  if (token.kind === 'input') return [...checkSpoken(token, facts), ...checkSecurityCode(token, facts)];
  if (!references.some((path) => isPlaintext(token, path))) return [];
  const found = plaintextFault(action.Type, action.Identifier, token);
  return found === undefined ? [] : [fault(found[0], action, `${found[1]} what "${token.block}" decrypted`)];
}

function plaintextFault(type: string, block: string, token: Token): readonly [FindingCode, string] | undefined {
  if (type === 'Compare') return undefined;
  if (speakingTypes.has(type)) return ['plaintext_spoken', 'says'];
  if (type === 'UpdateFlowAttributes') return ['plaintext_in_flow_attribute', 'keeps in a flow attribute'];
  if (keepingTypes.has(type)) return ['plaintext_kept', 'keeps with the contact'];
  if (type !== functionInvoked) return ['plaintext_passed', 'gets'];
  return block === token.block ? undefined : ['plaintext_to_function', 'gives another function'];
}

function checkSpoken(token: Token, { action }: Point['facts']): readonly Fault[] {
  if (!speakingTypes.has(action.Type)) return [];
  const said = ['Text', 'SSML'].flatMap((name) => textsIn(parameter(action, name))).flatMap(referencesIn);
  return said.some((path) => token.locations.includes(path))
    ? [fault('ciphertext_spoken', action, `says the ciphertext of "${token.block}"`)]
    : [];
}

const securityCode = /cvc|cvv|cv2|\bcsc\b|\bcid\b|security[ _-]?code|card[ _-]?verification/i;

/** Attributes of the contact stay with it, when the call has ended. */
function checkSecurityCode(token: Token, { action }: Point['facts']): readonly Fault[] {
  if (!terminalTypes.has(action.Type) || token.typed === 'no') return [];
  const names = keptIn(token).filter((name) => securityCode.test(name));
  return names.map((name) =>
    fault('security_code_kept', { Identifier: token.block }, `takes a security code that stays in attribute "${name}"`),
  );
}

/** The names of the contact attributes that hold a value. */
export function keptIn({ locations }: Token): readonly string[] {
  return locations.flatMap((path) => (path.startsWith('$.Attributes.') ? [path.slice('$.Attributes.'.length)] : []));
}
