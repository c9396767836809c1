import type { Context, MiddlewareHandler } from 'hono';
import {
  createDecryptor,
  createKeyCache,
  type DecryptOptions,
  type Decryptor,
  type DecryptorOptions,
  decodeUtf8,
  FlowKeysError,
  type KeyStore,
  toFlowKeysError,
} from '../../../src/index.ts';
import { callersLookupBudgets } from '../lookup-budgets.ts';
import { problemDetails } from '../problem.ts';

/** Options of {@link decryptFields}. */
export interface DecryptFieldsOptions<Field extends string = string> extends Omit<DecryptorOptions, 'keyStore'> {
  /** The key store, or a function that makes it from a request's context, such as from a Worker's bindings. */
  readonly keyStore: KeyStore | ((context: Context) => KeyStore);
  /** The members of the JSON body that hold ciphertexts, such as `card` or `payment.card`. */
  readonly fields: readonly Field[];
}

/** What the middleware adds to the context: the decrypted fields, by name. */
export interface DecryptedFields<Field extends string> {
  Variables: { decryptedFields: Readonly<Partial<Record<Field, string>>> };
}

/**
 * Creates middleware that decrypts the given fields of a JSON body before your handler reads it. Absent fields stay
 * absent, and other members stay as they are. If a field cannot be decrypted, the response is problem+json, whose
 * `field` names it, and your handler is not called.
 *
 * @example
 * const decrypted = decryptFields({ keyStore: ({ env }) => bindingsKeyStore(env), fields: ['card'] });
 * app.post('/pay', decrypted, async (context) => {
 *   const { card } = context.var.decryptedFields;
 *   const { amount } = await context.req.json();
 * });
 */
export function decryptFields<const Field extends string>({
  fields,
  keyStore,
  keyCache = createKeyCache(),
  ...options
}: DecryptFieldsOptions<Field>): MiddlewareHandler<DecryptedFields<Field>> {
  const decryptors = new WeakMap<KeyStore, Decryptor>();
  const lookupBudgetOf = callersLookupBudgets();

  function decryptorFor(context: Context): Decryptor {
    const store = typeof keyStore === 'function' ? keyStore(context) : keyStore;
    const known = decryptors.get(store);
    if (known !== undefined) return known;
    const decryptor = createDecryptor({ keyStore: store, keyCache, ...options });
    decryptors.set(store, decryptor);
    return decryptor;
  }

  return async function decryptFields(context, next) {
    const { raw } = context.req;
    const lookupBudget = lookupBudgetOf('decryptFields');
    let body: unknown;
    try {
      body = await context.req.json();
    } catch {
      return refuse(new FlowKeysError('invalid_json', 'The body must be JSON.'));
    }
    const decryptor = decryptorFor(context);
    const decryptedFields: Partial<Record<Field, string>> = {};
    const refusals = await Promise.all(
      fields.map(async (field) => {
        const [parent, name] = parentOf(body, field);
        if (parent === undefined) return undefined;
        try {
          const text = await decryptField(decryptor, parent[name], { signal: raw.signal, lookupBudget });
          parent[name] = text;
          decryptedFields[field] = text;
          return undefined;
        } catch (error) {
          return refuse(toFlowKeysError(error), field);
        }
      }),
    );
    const refused = refusals.find((refusal) => refusal !== undefined);
    if (refused !== undefined) return refused;
    const headers = new Headers(raw.headers);
    for (const name of ['content-length', 'transfer-encoding']) headers.delete(name);
    const { method, signal } = raw;
    context.req.raw = new Request(raw.url, { method, headers, signal, body: JSON.stringify(body) });
    context.req.bodyCache = {};
    context.set('decryptedFields', decryptedFields);
    return next();
  };
}

async function decryptField(decryptor: Decryptor, ciphertext: unknown, options: DecryptOptions): Promise<string> {
  if (typeof ciphertext !== 'string') throw new FlowKeysError('malformed_ciphertext', 'The field must be text.');
  const { plaintext, keyId } = await decryptor.decrypt(ciphertext, options);
  const text = decodeUtf8(plaintext);
  if (text !== undefined) return text;
  throw new FlowKeysError('unsupported_message', 'The decrypted field is not UTF-8 text.', { keyId });
}

function refuse(error: FlowKeysError, field?: string): Response {
  const details = problemDetails(error, crypto.randomUUID());
  const headers = {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    'x-request-id': details.requestId,
    ...(details.status === 503 && { 'retry-after': '1' }),
  };
  return new Response(JSON.stringify({ ...details, ...(field && { field }) }), { status: details.status, headers });
}

/** The object that holds the field's last member, if it does, and the name of that member. Reads own members only. */
function parentOf(body: unknown, field: string): [Record<string, unknown> | undefined, string] {
  const path = field.split('.');
  const name = path.pop() ?? '';
  let parent: unknown = body;
  for (const member of path) parent = isObject(parent) && Object.hasOwn(parent, member) ? parent[member] : undefined;
  return [isObject(parent) && Object.hasOwn(parent, name) ? parent : undefined, name];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
