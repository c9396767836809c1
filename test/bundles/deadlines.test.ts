import { SSMClient } from '@aws-sdk/client-ssm';
import { createHandler } from 'flow-security-keys/lambda';
import { ssmKeyStore } from 'flow-security-keys/stores/ssm';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { awsClientConfiguration } from '../../adapters/stores/aws-client.ts';
import { recordedEvent, recordingNamed } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { type FaultyProxy, faultControl, startFaultyProxy } from '../support/faulty-proxy.ts';
import { sha256Hex } from '../support/sha256.ts';
import { type BareWorkerd, startWorkerd } from '../support/workerd.ts';

const card = recordingNamed('java rsa2048-card-number');

let proxy: FaultyProxy;
let settings: Readonly<Record<string, string>>;
beforeAll(async () => {
  proxy = await startFaultyProxy(inject('ssmEndpoint'));
  await faultControl(proxy.endpoint).set('slow');
  settings = awsSettings(proxy.endpoint);
});
afterAll(() => proxy.stop());

describe('The Lambda handler, while SSM takes 5 seconds', () => {
  it.for([0, 400, 1_500])('responds before its remaining %i ms are over', async (remaining) => {
    const keyStore = ssmKeyStore({ client: new SSMClient(awsClientConfiguration(settings, 'SSM')) });
    const handler = createHandler({ keyStore, log: () => {} });
    const started = performance.now();
    const context = { awsRequestId: 'request', getRemainingTimeInMillis: () => remaining };
    const answer = await handler(recordedEvent(card), context);
    expect(answer).toMatchObject({ 'status-code': 500, code: 'deadline_exceeded' });
    // With no time left, it responds at once.
    expect(performance.now() - started).toBeLessThan(Math.max(remaining, 200));
  });
});

describe('The worker on workerd, while SSM takes 5 seconds', () => {
  let workerd: BareWorkerd;
  const bearerToken = 'token-of-this-test';
  beforeAll(async () => {
    workerd = await startWorkerd({ ...settings, BEARER_TOKEN_HASHES: sha256Hex(bearerToken) });
  });

  it('stops working for a client that disconnects, and serves the next one', async () => {
    const request = {
      method: 'POST',
      headers: { authorization: `Bearer ${bearerToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ciphertext: card.ciphertext }),
    };
    const cancelled = await fetch(`${workerd.impatientOrigin}/v1/decrypt`, request);
    expect(cancelled.status).toBe(499);
    await faultControl(proxy.endpoint).set('none');
    const served = await fetch(`${workerd.origin}/v1/decrypt`, request);
    expect(await served.json()).toMatchObject({ plaintext: card.plaintext });
    const lines = (await workerd.stop()).split('\n').filter((line) => line.startsWith('{'));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ status: 504, code: 'deadline_exceeded' }),
      expect.objectContaining({ status: 200, code: 'ok' }),
    ]);
  });
});
