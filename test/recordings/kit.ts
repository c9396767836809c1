import kit from './kit.json' with { type: 'json' };

/** What a decryptor is to do with a message: read this plaintext, or refuse it; then the code is what this product says. */
export type Outcome =
  | { readonly plaintext: string }
  /** For a plaintext that is no UTF-8. */
  | { readonly plaintextBase64: string }
  | { readonly refused: string };

/** A message of the kit: kit.schema.json describes each member. */
export interface KitMessage {
  readonly name: string;
  readonly shows: string;
  readonly producer: string;
  readonly keyId: string;
  readonly ciphertext: string;
  readonly connect: Outcome;
  readonly all: Outcome;
}

/** The test keys, and each recording and malformed message with its right outcome. */
export interface Kit {
  readonly keys: readonly {
    readonly keyId: string;
    readonly modulusBits: number;
    readonly privateKeyPkcs8: string;
  }[];
  readonly messages: readonly KitMessage[];
}

export const { keys: kitKeys, messages: kitMessages }: Kit = {
  keys: kit.keys,
  // JSON's type has every member of every outcome, as optional ones.
  messages: kit.messages.map((message) => ({
    ...message,
    connect: outcomeOf(message.connect),
    all: outcomeOf(message.all),
  })),
};

interface AnyOutcome {
  readonly plaintext?: string;
  readonly plaintextBase64?: string;
  readonly refused?: string;
}

function outcomeOf({ plaintext, plaintextBase64, refused }: AnyOutcome): Outcome {
  if (plaintext !== undefined) return { plaintext };
  if (plaintextBase64 !== undefined) return { plaintextBase64 };
  if (refused !== undefined) return { refused };
  throw new Error('The kit holds an outcome that is neither a plaintext nor a refusal.');
}
