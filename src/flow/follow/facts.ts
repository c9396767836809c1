import { isRecord } from '../../encoding/json.ts';
import {
  bufferSwitch,
  type FlowAction,
  isEncrypted,
  isStored,
  isTelephoneNumber,
  isTrue,
  maxDigits,
  member,
  parameter,
  referencesIn,
  scalarParameter,
  textsIn,
} from '../language.ts';

/** What the analysis asks of a block again and again. */
export interface BlockFacts {
  readonly action: FlowAction;
  /** Everything that its parameters refer to. */
  readonly references: readonly string[];
  /** Overwrites `$.StoredCustomerInput`. */
  readonly isStored: boolean;
  readonly isEncrypted: boolean;
  /** Stores digits that may be a secret, unencrypted. */
  readonly isClear: boolean;
  /** The function's parameters, or the attributes that the block sets, with what they refer to. */
  readonly assignments: readonly Assignment[];
  /** "Load Lambda result": AWS does not document its form, but it names `$.LambdaInvocation`. */
  readonly loadsResult: boolean;
}

export interface Assignment {
  /** A parameter's name, or the location of an attribute: `$.Attributes.card`. */
  readonly name: string;
  readonly value: string;
  readonly references: readonly string[];
}

export const functionInvoked = 'InvokeLambdaFunction';
export const asynchronousResult = '$.LambdaInvocation';

export function factsOf(action: FlowAction): BlockFacts {
  const references = textsIn(action.Parameters).flatMap(referencesIn);
  const stores = isStored(action);
  const encrypts = isEncrypted(action);
  const storesBuffer = bufferSwitch(action) === false && isTrue(scalarParameter(action, 'StoreInput'));
  return {
    action,
    references,
    isStored: stores || storesBuffer,
    isEncrypted: encrypts,
    isClear: stores && !encrypts && !isTelephoneNumber(action) && maxDigits(action) !== 1,
    assignments: assignmentsOf(action),
    loadsResult: action.Type !== functionInvoked && references.some((path) => path.startsWith(asynchronousResult)),
  };
}

function assignmentsOf(action: FlowAction): readonly Assignment[] {
  const list = (values: unknown, name: (key: string) => string): readonly Assignment[] =>
    Object.entries(isRecord(values) ? values : {}).map(([key, value]) => {
      const text = textOf(value);
      return { name: name(key), value: text, references: referencesIn(text) };
    });
  if (action.Type === functionInvoked) return list(parameter(action, 'LambdaInvocationAttributes'), (key) => key);
  if (action.Type === 'UpdateContactAttributes')
    return list(parameter(action, 'Attributes'), (key) => `$.Attributes.${key}`);
  if (action.Type === 'UpdateFlowAttributes')
    return list(parameter(action, 'FlowAttributes'), (key) => `$.FlowAttributes.${key}`);
  return [];
}

/** Of a text, or of a flow attribute's `{Type, Value}`. */
function textOf(value: unknown): string {
  const inner = member(value, 'Value') ?? value;
  return typeof inner === 'object' ? textsIn(inner).join(' ') : String(inner);
}
