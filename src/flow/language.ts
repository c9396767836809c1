import { isRecord } from '../encoding/json.ts';

/**
 * A flow or a flow module in Amazon Connect's flow language.
 *
 * @see https://docs.aws.amazon.com/connect/latest/APIReference/flow-language.html
 */
export interface FlowDocument {
  /** The version of the flow language; `former` for an export of the former flow language. */
  readonly Version: string;
  /** The identifier of the first block. */
  readonly StartAction: string;
  readonly Metadata?: Readonly<Record<string, unknown>>;
  /** A module's parameters and results. */
  readonly Settings?: Readonly<Record<string, unknown>>;
  readonly Actions: readonly FlowAction[];
}

/** A block of a flow. */
export interface FlowAction {
  /** Unique in the flow. */
  readonly Identifier: string;
  /** What the block does, such as `GetParticipantInput`. */
  readonly Type: string;
  readonly Parameters: Readonly<Record<string, unknown>>;
  readonly Transitions: Transitions;
}

/** Where a block leads: its Success branch, its error branches, and its conditions in order. */
export interface Transitions {
  readonly NextAction?: string;
  readonly Errors?: readonly { readonly ErrorType: string; readonly NextAction: string }[];
  readonly Conditions?: readonly {
    readonly NextAction: string;
    readonly Condition: { readonly Operator: string; readonly Operands: readonly string[] };
  }[];
}

/** A branch from a block to the next. */
export interface Branch {
  readonly next: string;
  readonly kind: 'next' | 'error' | 'condition';
  /** `Success`, the error type, or the condition in words. */
  readonly name: string;
  readonly operator?: string;
  readonly operands?: readonly string[];
}

/** The branches of a block: Success, then conditions and errors in their order. */
export function branchesOf({
  Transitions: { NextAction, Errors = [], Conditions = [] },
}: FlowAction): readonly Branch[] {
  return [
    ...(NextAction === undefined ? [] : [{ next: NextAction, kind: 'next', name: 'Success' } as const]),
    ...Conditions.map(({ NextAction: next, Condition: { Operator, Operands } }) => ({
      ...({ next, kind: 'condition', operator: Operator, operands: Operands } as const),
      name: `${Operator} ${Operands.join(', ')}`,
    })),
    ...Errors.map(({ NextAction: next, ErrorType }) => ({ next, kind: 'error', name: ErrorType }) as const),
  ];
}

export const storedInput = '$.StoredCustomerInput';
export const lambdaAnswer = '$.External';

export const terminalTypes: ReadonlySet<string> = new Set([
  'DisconnectParticipant',
  'EndFlowExecution',
  'EndFlowModuleExecution',
  'TransferToFlow',
  'TransferContactToQueue',
  'TransferContactToAgent',
  'TransferParticipantToThirdParty',
]);

/** A member of an object; `undefined` if there is none, or if the value is not an object. */
export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** The list under a name; empty if there is none. */
export function listMember(value: unknown, name: string): readonly unknown[] {
  const list = member(value, name);
  return Array.isArray(list) ? list : [];
}

/** The value at a path in a block's parameters. */
export function parameter({ Parameters }: FlowAction, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(member, Parameters);
}

/** The text at a path in a block's parameters; `undefined` for anything else. */
export function textParameter(action: FlowAction, ...path: readonly string[]): string | undefined {
  const value = parameter(action, ...path);
  return typeof value === 'string' ? value : undefined;
}

/** Text, a number or a boolean, as text: flows write `8` and `"8"`, `true` and `"True"`. */
export function scalarParameter(action: FlowAction, ...path: readonly string[]): string | undefined {
  const value = parameter(action, ...path);
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

export function isTrue(text: string | undefined): boolean {
  return text?.toLowerCase() === 'true';
}

/** Whether a value is known only during a call (`$.Attributes.key`) or after deployment of a template (`${Key}`). */
export function isDynamic(text: string): boolean {
  return text.trimStart().startsWith('$.') || isFilledIn(text);
}

/** Whether a template fills in part of a text: CloudFormation and Terraform both write `${…}`. */
export function isFilledIn(text: string): boolean {
  return /\$\{[^}]*\}/.test(text);
}

/** All texts in a value. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isRecord(value) ? Object.values(value).flatMap(textsIn) : [];
}

/** A copy of the value, with each text in it replaced. */
export function mapTexts(value: unknown, replace: (text: string) => string): unknown {
  if (typeof value === 'string') return replace(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, replace));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, replace)]));
}

const reference = /\$\.[A-Za-z][\w-]*(?:\.[\w-]+|\[(?:'[^']*'|"[^"]*")\])*/g;

/** The references in a text, such as `$.Attributes.card`. */
export function referencesIn(text: string): readonly string[] {
  return (text.match(reference) ?? []).map((found) => found.replaceAll(/\[['"]([^'"]*)['"]\]/g, '.$1'));
}

export function replaceReferences(text: string, replace: (path: string) => string): string {
  return text.replaceAll(reference, (found) => replace(found.replaceAll(/\[['"]([^'"]*)['"]\]/g, '.$1')));
}

/** Whether a block takes input and stores it. */
export function isStored(action: FlowAction): boolean {
  return (
    action.Type === 'GetParticipantInput' &&
    bufferSwitch(action) === undefined &&
    isTrue(scalarParameter(action, 'StoreInput'))
  );
}

/** Whether a block stores what the caller types encrypted. */
export function isEncrypted(action: FlowAction): boolean {
  return isStored(action) && parameter(action, 'InputEncryption') !== undefined;
}

/** Whether the input is validated as a telephone number, which cannot be encrypted. */
export function isTelephoneNumber(action: FlowAction): boolean {
  return parameter(action, 'InputValidation', 'PhoneNumberValidation') !== undefined;
}

/** The maximum number of digits that a block stores; `undefined` if not set, or not known before the call. */
export function maxDigits(action: FlowAction): number | undefined {
  const digits = Number(scalarParameter(action, 'InputValidation', 'CustomValidation', 'MaximumLength') ?? 'none');
  return Number.isNaN(digits) ? undefined : digits;
}

/** `true` if a block starts touchtone buffering, `false` if it stops it, `undefined` for other blocks. */
export function bufferSwitch(action: FlowAction): boolean | undefined {
  const value = action.Type === 'GetParticipantInput' ? scalarParameter(action, 'EnableDTMFBuffer') : undefined;
  return value === undefined || isDynamic(value) ? undefined : isTrue(value);
}

/** Whether a block does not wait for the function's answer. */
export function isAsynchronous(action: FlowAction): boolean {
  return textParameter(action, 'InvocationType')?.toUpperCase() === 'ASYNCHRONOUS';
}
