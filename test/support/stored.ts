import { unusableKeys } from '../parity/cases.ts';
import { testConsumers } from '../recordings/consumers.ts';
import { pem, testKeys } from '../recordings/recordings.ts';
import { brokenConsumer, limitedConsumer } from './consumer-documents.ts';
import { readConnectRecordings } from './shared-data.ts';

/** The bearer token of the Worker under test. */
export const bearerToken = 'test-token';

/** The consumers that a flow may name. `not-allowed` is not one of them. */
export const allowedConsumers = [
  ...testConsumers.map(({ name }) => name),
  limitedConsumer,
  brokenConsumer,
  'nobody',
].join(' ');

/** The contents of the key stores under test, by key id: every test key, and some unusable texts. */
export function storedKeys(): ReadonlyMap<string, string> {
  const shared = readConnectRecordings()?.keys ?? [];
  return new Map([
    ...[...testKeys, ...shared].map(
      ({ keyId, privateKeyPkcs8 }) => [keyId, pem('PRIVATE KEY', privateKeyPkcs8)] as const,
    ),
    ...Object.entries(unusableKeys).map(([keyId, { label, der }]) => [keyId, pem(label, der)] as const),
  ]);
}
