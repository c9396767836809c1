// What the code blocks of the documentation leave out. A block that declares a name itself hides the one from here.
import type { Hono } from 'hono';
import type { CryptoKey } from 'jose';
import type { ConsumerStore, KeyStore } from '../../src/index.ts';

declare global {
  const keyStore: KeyStore;
  const consumerStore: ConsumerStore;
  const ciphertext: string;
  /** A flow, as text. */
  const content: string;
  const token: string;
  /** The hash of a token. */
  const sha256: string;
  const privateKey: CryptoKey;
  const pkcs1Pem: string;
  const app: Hono;
  /** A payment gateway. */
  const gateway: {
    charge(
      card: Readonly<Record<string, string | undefined>>,
      options: { readonly idempotencyKey: string; readonly signal: AbortSignal },
    ): Promise<{ readonly approved: boolean; readonly reference: string }>;
  };
}
