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

/** Facts about a block, computed once. */
export interface BlockFacts {
  readonly action: FlowAction;
  /** All references in its parameters. */
  readonly references: readonly string[];
  /** Whether it overwrites `$.StoredCustomerInput`. */
  readonly isStored: boolean;
  readonly isEncrypted: boolean;
  /** Whether it stores digits that can be a secret, unencrypted. */
  readonly isClear: boolean;
  /** The function's parameters, or the attributes that the block sets. */
  readonly assignments: readonly Assignment[];
  /** Whether it is "Load Lambda result". AWS does not document that block, but it reads `$.LambdaInvocation`. */
  readonly loadsResult: boolean;
}

export interface Assignment {
  /** A parameter's name, or the path of an attribute: `$.Attributes.card`. */
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

/** The parameter that holds the assignments, and the path of what they set. */
const assigning: Readonly<Record<string, readonly [name: string, path: string]>> = {
  [functionInvoked]: ['LambdaInvocationAttributes', ''],
  UpdateContactAttributes: ['Attributes', '$.Attributes.'],
  UpdateFlowAttributes: ['FlowAttributes', '$.FlowAttributes.'],
};

function assignmentsOf(action: FlowAction): readonly Assignment[] {
  const [name, path] = assigning[action.Type] ?? [];
  const values = name === undefined ? undefined : parameter(action, name);
  return Object.entries(isRecord(values) ? values : {}).map(([key, value]) => {
    const text = textOf(value);
    return { name: `${path}${key}`, value: text, references: referencesIn(text) };
  });
}

/** The text of a value, or of a flow attribute `{Type, Value}`. */
function textOf(value: unknown): string {
  const inner = member(value, 'Value') ?? value;
  return typeof inner === 'object' ? textsIn(inner).join(' ') : String(inner);
}
