import type { FieldKind, Wording } from './wording.ts';

/** An input that a flow asks for. */
export interface FlowField {
  /** The function's parameter, such as `card` or `my-secret-string`. */
  readonly name: string;
  readonly kind: FieldKind;
  /** The fewest digits that the function's check accepts. */
  readonly min: number;
  /** The most digits that the flow takes. */
  readonly max: number;
  /** What the caller hears. Default: a sentence that says the format and the key that ends the input. */
  readonly prompt?: string;
  /** `last4`: the caller hears the last four digits and confirms them. Only for inputs of eight digits or more. */
  readonly confirm?: 'last4';
}

/** How long a flow waits for the function, in seconds: the maximum in Connect. */
export const functionSeconds = 8;

/** The default lengths of each kind, in digits. */
export const kindLengths: Readonly<Record<FieldKind, { readonly min: number; readonly max: number }>> = {
  card: { min: 12, max: 19 },
  expiry: { min: 4, max: 4 },
  cvc: { min: 3, max: 4 },
  account: { min: 4, max: 17 },
  pin: { min: 4, max: 6 },
  digits: { min: 1, max: 20 },
};

/** The field's value in the setting CHECK; `undefined` if any input is valid. */
export function checkOf({ kind, min, max }: FlowField): string | undefined {
  if (kind === 'card' || kind === 'expiry') return kind;
  return min === 1 ? undefined : `digits:${min === max ? min : `${min}-${max}`}`;
}

/** The results of a field's check, other than `valid`. */
export function faultsOf({ kind }: FlowField): readonly ('length' | 'luhn' | 'expired')[] {
  if (kind === 'card') return ['length', 'luhn'];
  return kind === 'expiry' ? ['length', 'expired'] : ['length'];
}

export function promptOf({ name, kind, min, max, prompt }: FlowField, wording: Wording, terminator: string): string {
  if (prompt !== undefined) return prompt;
  const spoken = name === 'my-secret-string' || name === 'digits' ? undefined : name.replaceAll(/[-_]/g, ' ');
  const digits = min === max ? String(min) : `${min} ${wording.to} ${max}`;
  return wording.prompts[kind]({ key: wording.keys[terminator] ?? '', digits, ...(spoken && { name: spoken }) });
}

/** The path of a field's member in the function's answer. */
export function answerPath(name: string, member: string): string {
  return name === 'my-secret-string' ? `$.External.data.${member}` : `$.External.data.fields.${name}.${member}`;
}

/**
 * The settings that the function needs for a flow with these fields.
 *
 * @example
 * functionSettings([{ name: 'card', kind: 'card', min: 12, max: 19, confirm: 'last4' }]);
 * // { FIELDS: 'card', CHECK: 'card=card', REVEAL: 'none card=last4', FLOW_TIME_LIMIT: '8' }
 */
export function functionSettings(fields: readonly FlowField[]): Readonly<Record<string, string>> {
  const checks = fields.flatMap((field) => {
    const check = checkOf(field);
    return check === undefined ? [] : [`${field.name}=${check}`];
  });
  const revealed = fields.flatMap(({ name, confirm }) => (confirm === undefined ? [] : [`${name}=${confirm}`]));
  return {
    FIELDS: fields.map(({ name }) => name).join(' '),
    ...(checks.length > 0 && { CHECK: checks.join(' ') }),
    REVEAL: ['none', ...revealed].join(' '),
    FLOW_TIME_LIMIT: String(functionSeconds),
  };
}
