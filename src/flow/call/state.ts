import { atStart, type Control } from '../follow/control.ts';
import { member, replaceReferences, storedInput } from '../language.ts';

/** Facts of a call that events and references give. */
export interface CallContext {
  readonly contactId?: string;
  readonly instanceArn?: string;
  /** The caller's number. */
  readonly customerAddress?: string;
}

/** What Connect remembers during a call. */
export interface CallState {
  readonly context: Required<CallContext>;
  control: Control;
  /** `$.StoredCustomerInput` */
  stored: string;
  /** `$.External` */
  external: unknown;
  /** The answer of an asynchronous function, before it is loaded. */
  pendingAnswer: unknown;
  /** The touchtone buffer. */
  buffer: string;
  readonly attributes: Record<string, string>;
  readonly flowAttributes: Record<string, string>;
  /** How often each loop went round. */
  readonly loops: Map<string, number>;
  /** What was encrypted, and by which block. */
  readonly secrets: Map<string, string>;
  readonly heard: string[];
  readonly recorded: string[];
  /** A text with what its references stand for. */
  resolve(text: string): string;
  /** A text without inputs and ciphertexts. */
  shown(text: string): string;
}

// Ciphertexts and UUIDs are matched first, as three digits of a security code often stand in one by chance.
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
    shown(text) {
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
