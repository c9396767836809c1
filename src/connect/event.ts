import { FlowKeysError } from '../errors.ts';

/** What is read of a ContactFlowEvent. */
export interface ContactFlowInput {
  /** `null` where the event has none: then it is no event of Connect's. */
  readonly contactId: string | null;
  readonly keyId: unknown;
  readonly ciphertext: unknown;
}

/** The names of the Lambda's input parameters in the flow. */
export const keyIdParameter = 'key-id';
export const ciphertextParameter = 'my-secret-string';

const contactIdPattern = /^[A-Za-z0-9-]{1,100}$/;

/**
 * Reads a ContactFlowEvent, as Connect hands it to a Lambda function. Whatever else it is given, it
 * reads as an event without parameters.
 *
 * @see https://docs.aws.amazon.com/connect/latest/adminguide/connect-lambda-functions.html
 */
export function parseContactFlowEvent(event: unknown): ContactFlowInput {
  const details = own(event, 'Details');
  const contactId = own(own(details, 'ContactData'), 'ContactId');
  const parameters = own(details, 'Parameters');
  return {
    contactId: typeof contactId === 'string' && contactIdPattern.test(contactId) ? contactId : null,
    keyId: own(parameters, keyIdParameter),
    ciphertext: own(parameters, ciphertextParameter),
  };
}

// Own properties only: an event may hold "__proto__", and an input must not come from a prototype.
function own(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** Whether the flow left a parameter out: Connect passes an unset attribute as an empty string. */
export function isAbsent(parameter: unknown): boolean {
  return parameter === undefined || parameter === null || (typeof parameter === 'string' && parameter.trim() === '');
}

/** The ciphertext parameter as text. */
export function asCiphertext(parameter: unknown): string {
  if (typeof parameter === 'string') return parameter;
  throw new FlowKeysError(
    'malformed_ciphertext',
    `The parameter '${ciphertextParameter}' is no text. Set it to $.StoredCustomerInput in the flow.`,
  );
}
