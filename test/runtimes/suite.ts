import { encryptFor, FlowKeysError, type KeyStore, parseConsumer } from 'flow-security-keys';
import { flowSecurityKeys, settingsFrom } from 'flow-security-keys/hono';
import { contactFlowCases, type ParityRunner, requestId } from '../parity/contact-flow.ts';
import { coreCases, vectorCases } from '../parity/core.ts';
import { flowCases } from '../parity/flow.ts';
import { hostileCases } from '../parity/hostile.ts';
import { kitCases } from '../parity/kit.ts';
import type { Capability, NamedCase } from '../parity/named-case.ts';
import { testConsumers } from '../recordings/consumers.ts';
import type { Recording } from '../recordings/recordings.ts';
import type { Made } from '../relay/peers.ts';
import type { VectorFile } from '../support/shared-data.ts';

/** What the suite is bundled with, as not every runtime has files. */
export interface SuiteData {
  readonly sharedRecordings: readonly Recording[];
  readonly vectors: VectorFile | null;
  /** What the key store holds, by key id. */
  readonly storedKeys: Readonly<Record<string, string>>;
  readonly consumerDocuments: Readonly<Record<string, string>>;
  readonly allowedConsumers: string;
  readonly bearerToken: string;
  readonly bearerTokenHash: string;
  /** What the Lambda handler answered to each case, to the byte. */
  readonly lambdaAnswers: Readonly<Record<string, readonly string[]>>;
}

/** How the suite went in a runtime. */
export interface SuiteReport {
  readonly passed: number;
  readonly failed: readonly { readonly name: string; readonly message: string }[];
  /** Cases that the runtime's Web Crypto cannot run, and the code with which the core refuses them there. */
  readonly impossible: readonly { readonly name: string; readonly needs: Capability; readonly code: string }[];
  /** What the runtime encrypted for consumers: other software must open it. */
  readonly made: readonly Made[];
}

/** Put in by the bundler. */
declare const suiteData: SuiteData;

/** Runs the whole suite, wherever this is. */
export async function runSuite(): Promise<SuiteReport> {
  const { vectors, sharedRecordings, lambdaAnswers } = suiteData;
  const cases: readonly NamedCase[] = [
    ...coreCases(),
    ...kitCases(),
    ...(vectors === null ? [] : vectorCases(vectors)),
    ...contactFlowCases(service(), sharedRecordings, lambdaAnswers),
    ...(await hostileCases()),
    ...(await flowCases()),
  ];
  const failed: { name: string; message: string }[] = [];
  const impossible: { name: string; needs: Capability; code: string }[] = [];
  let passed = 0;
  for (const { name, needs, run } of cases) {
    try {
      if (needs !== undefined && !(await has(needs))) {
        impossible.push({ name, needs, code: await refusalOf(run) });
        continue;
      }
      await run();
      passed += 1;
    } catch (error) {
      failed.push({ name, message: String(error).slice(0, 500) });
    }
  }
  return { passed, failed, impossible, made: await madeForConsumers() };
}

/** The HTTP service, called within the process. */
function service(): ParityRunner {
  const { storedKeys, consumerDocuments, allowedConsumers, bearerToken, bearerTokenHash } = suiteData;
  const keyStore: KeyStore = {
    async privateKeys(keyId) {
      const stored = Object.hasOwn(storedKeys, keyId) ? storedKeys[keyId] : undefined;
      return stored === undefined ? [] : [stored];
    },
  };
  const app = flowSecurityKeys({
    ...settingsFrom({
      BEARER_TOKEN_HASHES: `${bearerTokenHash}:consumers=*`,
      CONSUMERS: allowedConsumers,
      AUDIT: 'none',
    }),
    keyStore,
    consumerStore: {
      consumer: async (name) => (Object.hasOwn(consumerDocuments, name) ? consumerDocuments[name] : undefined),
    },
    log: () => {},
  });
  const headers = { authorization: `Bearer ${bearerToken}`, 'content-type': 'application/json' };
  return {
    async invoke(body) {
      const response = await app.fetch(
        new Request('https://service.example/v1/connect', { method: 'POST', headers, body }),
      );
      // The service gives each request an id of its own.
      return (await response.text()).replaceAll(response.headers.get('x-request-id') ?? '', requestId);
    },
  };
}

async function has(capability: Capability): Promise<boolean> {
  const probes: Readonly<Record<Capability, () => Promise<unknown>>> = {
    '192-bit AES': () => crypto.subtle.importKey('raw', new Uint8Array(24), 'AES-GCM', false, ['decrypt']),
  };
  return probes[capability]().then(
    () => true,
    () => false,
  );
}

/** The code of the core's refusal; throws when there is none. */
async function refusalOf(run: () => Promise<void>): Promise<string> {
  const refusal = await run().catch((error: unknown) => error);
  if (refusal instanceof FlowKeysError) return refusal.code;
  throw new Error('The runtime lacks what the case needs, and yet the core did not refuse it.');
}

const labels = { field: 'card', contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe' };

async function madeForConsumers(): Promise<readonly Made[]> {
  const plaintexts = ['4444444444444444', 'ü€'];
  const each = testConsumers.flatMap(({ name }) => plaintexts.map((plaintext) => ({ name, plaintext })));
  return Promise.all(
    each.map(async ({ name, plaintext }) => {
      const consumer = await parseConsumer(name, suiteData.consumerDocuments[name] ?? '');
      const ciphertext = await encryptFor(consumer, new TextEncoder().encode(plaintext), labels);
      return { name, format: consumer.format, plaintext, ciphertext };
    }),
  );
}
