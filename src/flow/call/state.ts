import { atStart, type Control } from '../follow/control.ts';
import { member, replaceReferences, storedInput } from '../language.ts';

/** Facts about a call, for events and references. */
export interface CallContext {
  readonly contactId?: string;
  readonly instanceArn?: string;
  /** The caller's number. */
  readonly customerAddress?: string;
}

/** The state that Connect keeps during a call. */
export interface CallState {
  readonly context: Required<CallContext>;
  control: Control;
  /** `$.StoredCustomerInput` */
  stored: string;
  /** `$.External` */
  external: unknown;
  /** The answer of an asynchronous function that is not loaded yet. */
  pendingAnswer: unknown;
  /** The touchtone buffer. */
  buffer: string;
  readonly attributes: Record<string, string>;
  readonly flowAttributes: Record<string, string>;
  /** How often each Loop block has run. */
  readonly loops: Map<string, number>;
  /** The encrypted inputs, and the blocks that took them. */
  readonly secrets: Map<string, string>;
  readonly heard: string[];
  readonly recorded: string[];
  /** Replaces the references in a text with their values. */
  resolve(text: string): string;
  /** Replaces the inputs and ciphertexts in a text. */
  redact(text: string): string;
}

// Matches ciphertexts and UUIDs before inputs: they often contain the three digits of a security code by chance.
const unreadable = '[A-Za-z0-9+/]{200,}=*|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

export function stateOf({
  contactId = crypto.randomUUID(),
  instanceArn = '',
  customerAddress = '+15550100',
}: CallContext): CallState {
  const system: Readonly<Record<string, string>> = {
    '$.ContactId': contactId,
    '$.InitialContactId': contactId,
    '$.InstanceARN': instanceArn,
    '$.Channel': 'VOICE',
    '$.CustomerEndpoint.Address': customerAddress,
  };
  const state: CallState = {
    context: { contactId, instanceArn, customerAddress },
    ...{ control: atStart, stored: '', external: undefined, pendingAnswer: undefined, buffer: '' },
    ...{ attributes: {}, flowAttributes: {}, loops: new Map(), secrets: new Map(), heard: [], recorded: [] },
    resolve: (text) => replaceReferences(text, valueAt),
    redact(text) {
      const inputs = [...state.secrets.keys()]
        .sort((first, second) => second.length - first.length)
        .map((input) => input.replaceAll(/[*+]/g, '\\$&'));
      return text.replaceAll(new RegExp([unreadable, ...inputs].join('|'), 'g'), (found) => {
        const block = state.secrets.get(found);
        if (block !== undefined) return `[input of "${block}"]`;
        return found.length < 200 ? found : `[ciphertext of ${found.length} characters]`;
      });
    },
  };

  function valueAt(path: string): string {
    if (path === storedInput) return state.stored;
    const [, root = '', ...names] = path.split('.');
    const name = names.join('.');
    if (root === 'Attributes') return state.attributes[name] ?? '';
    if (root === 'FlowAttributes') return state.flowAttributes[name] ?? '';
    if (root === 'External') return textOf(names.reduce(member, state.external));
    return system[path] ?? '';
  }

  return state;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
