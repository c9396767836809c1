import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { checkCertificates } from '../../adapters/lambda/certificate-check.ts';
import { startNode } from '../../demo/node.ts';
import { awsTestClient } from '../key-stores/aws.ts';
import { contactFlowEvent, recordedEvent, recordingNamed } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { type EmulatedFunction, hasEmulator, startEmulator } from '../support/emulator.ts';
import { encrypted } from '../support/encrypted.ts';
import { type FaultyProxy, faultControl, startFaultyProxy } from '../support/faulty-proxy.ts';
import { startWorkerd } from '../support/workerd.ts';

const run = promisify(execFile);
const card = recordingNamed('java rsa2048-card-number');
const cvc = recordingNamed('java rsa2048-cvc');
const expiry = recordingNamed('python rsa2048-expiry');
const other = recordingNamed('java rsa3072-card-number');

describe.skipIf(!hasEmulator())('The function in the Lambda runtime', () => {
  let proxy: FaultyProxy;
  let settings: Readonly<Record<string, string>>;
  beforeAll(async () => {
    proxy = await startFaultyProxy(inject('ssmEndpoint'));
    settings = awsSettings(proxy.endpoint);
  });
  afterAll(() => proxy.stop());

  const functions: EmulatedFunction[] = [];
  async function start(environment: Readonly<Record<string, string>> = {}, timeoutSeconds?: number) {
    const started = await startEmulator('index.handler', { ...settings, ...environment }, timeoutSeconds);
    functions.push(started);
    return started;
  }
  afterEach(async () => {
    await faultControl(proxy.endpoint).set('none');
    await Promise.all(functions.splice(0).map((started) => started.stop()));
  });

  it('answers a cold invocation and 100 warm ones, with one request to SSM in all and one log line each', async ({
    annotate,
  }) => {
    const before = await faultControl(proxy.endpoint).requests();
    const started = await start();
    const times: number[] = [];
    for (let call = 0; call < 101; call += 1) {
      const from = performance.now();
      const answer = JSON.parse(await started.invoke(recordedEvent(card)));
      times.push(performance.now() - from);
      expect(answer).toMatchObject({ 'status-code': 200, data: { decryptedData: card.plaintext } });
    }
    const requests = (await faultControl(proxy.endpoint).requests()) - before;
    const [cold = 0, ...warm] = times;
    const median = warm.toSorted((left, right) => left - right)[50] ?? 0;
    await annotate(
      `1 cold invocation ${cold.toFixed(0)} ms with the runtime's start, 100 warm ones ${median.toFixed(1)} ms in the middle; ${requests} request to SSM`,
    );
    expect(requests).toBe(1);
    const written = started.written();
    expect(written.match(/"message":"decrypted"/g)).toHaveLength(101);
    expect(written.match(/"DecryptionSuccess":1/g)).toHaveLength(101);
    expect(written.match(/"ColdStart":1/g)).toHaveLength(1);
    expect(written).toMatch(/"contactId":"5ca32fbd-[^"]+","requestId":"[0-9a-f-]{36}"/);
    expect(written).not.toContain(card.plaintext);
    expect(written).not.toContain(card.ciphertext.slice(0, 40));
  });

  it('writes the audit whatever the log level of the function', async () => {
    const level = { AWS_LAMBDA_LOG_FORMAT: 'JSON', AWS_LAMBDA_LOG_LEVEL: 'FATAL', POWERTOOLS_LOG_LEVEL: 'SILENT' };
    const started = await start({ CONSUMERS: '*', ...level });
    const answer = JSON.parse(await started.invoke(contactFlowEvent({ card: card.ciphertext, consumer: 'ledger' })));
    expect(answer).toMatchObject({ 'status-code': 200 });
    expect(started.written()).not.toContain('"message":"decrypted"');
    expect(started.written().match(/"audit":"reencryption".*"consumer":"ledger".*"code":"ok"/g)).toHaveLength(1);
  });

  it('answers three fields with REVEAL=last4 as documented, byte-identical to /v1/connect', async () => {
    const environment = { REVEAL: 'last4+luhn cvc=none' };
    const visa = await encrypted('4111111111111111', card.keyId);
    const threeFields = contactFlowEvent({ card: visa, expiry: expiry.ciphertext, cvc: cvc.ciphertext });
    const answer = await (await start(environment)).invoke(threeFields);
    const { requestId } = JSON.parse(answer).data;
    expect(JSON.parse(answer)).toEqual({
      'status-code': 200,
      data: {
        success: true,
        message: 'Data decrypted successfully',
        contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe',
        requestId,
        fields: {
          card: { success: true, last4: '1111', dataLength: 16, luhn: 'valid', brand: 'visa' },
          expiry: { success: true, dataLength: 4, luhn: 'invalid' },
          cvc: { success: true, dataLength: 3 },
        },
      },
    });
    const development = { ...settings, ...environment, DEVELOPMENT: 'true' };
    for (const service of [await startNode([], development), await startWorkerd(development)]) {
      const response = await fetch(`${service.origin}/v1/connect`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(threeFields),
      });
      const own = response.headers.get('x-request-id') ?? '';
      expect((await response.text()).replaceAll(own, requestId)).toBe(answer);
      await service.stop();
    }
  });

  it('answers before its timeout while SSM is slow', async () => {
    await faultControl(proxy.endpoint).set('slow');
    expect(JSON.parse(await (await start({}, 2)).invoke(recordedEvent(card)))).toMatchObject({
      code: 'deadline_exceeded',
    });
    expect(JSON.parse(await (await start()).invoke(recordedEvent(card)))).toMatchObject({
      code: 'key_store_unavailable',
    });
  });

  it('throws with RETRY=true so that Connect retries, and answers the next invocation', async () => {
    const started = await start({ RETRY: 'true' });
    await faultControl(proxy.endpoint).set('reset');
    expect(JSON.parse(await started.invoke(recordedEvent(card)))).toMatchObject({
      errorType: 'FlowKeysError',
      errorMessage: expect.stringContaining(card.keyId),
    });
    await faultControl(proxy.endpoint).set('none');
    expect(JSON.parse(await started.invoke(recordedEvent(card)))).toMatchObject({ 'status-code': 200 });
  });

  it('does not start with an invalid setting, and names it', async () => {
    const started = await start({ REVEAL: 'everything' });
    expect(await started.invoke(recordedEvent(card))).toContain('REVEAL must be one of');
  });

  it('answers invalid events, and events of 5 MB', async () => {
    const started = await start();
    for (const event of [null, 7, [], 'text', {}, { Details: { Parameters: { 'my-secret-string': 7 } } }]) {
      expect(JSON.parse(await started.invoke(event))).toMatchObject({ 'status-code': 500 });
    }
    const padding = 'x'.repeat(5_000_000);
    const event = { ...(recordedEvent(card) as object), padding };
    expect(JSON.parse(await started.invoke(event))).toMatchObject({ 'status-code': 200 });
  });

  it('still answers after a freeze that closed its connections to SSM', async () => {
    const started = await start();
    expect(JSON.parse(await started.invoke(recordedEvent(card)))).toMatchObject({ 'status-code': 200 });
    await started.freeze(true);
    await faultControl(proxy.endpoint).disconnect();
    // Long enough for timers to expire and sockets to close.
    await sleep(3_000);
    await started.freeze(false);
    expect(JSON.parse(await started.invoke(recordedEvent(other)))).toMatchObject({
      'status-code': 200,
      data: { decryptedData: other.plaintext },
    });
  });
});

describe.skipIf(!hasEmulator() || inject('awsEndpoint') === null)('The certificate check in the Lambda runtime', () => {
  const prefix = '/certificates-of-this-test';
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'certificates-'));
    const ssm = new SSMClient(awsTestClient());
    const put = (name: string, Value: string) =>
      ssm.send(new PutParameterCommand({ Name: `${prefix}/${name}`, Value, Type: 'String' }));
    await put('year/certificate', await certificate(365));
    await put('soon/certificate', await certificate(10));
    await put('broken/certificate', 'no certificate');
    await put('without/private-key', 'canary-private-key');
  });
  afterAll(() => rm(folder, { recursive: true }));

  /** A self-signed certificate from openssl. */
  async function certificate(days: number): Promise<string> {
    const [key, file] = [join(folder, 'key.pem'), join(folder, `${days}.pem`)];
    const args = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test', '-days', String(days)];
    await run('openssl', ['req', ...args, '-keyout', key, '-out', file]);
    return readFile(file, 'utf8');
  }

  it('reports how long each certificate is valid, and warns before it expires', async () => {
    const started = await startEmulator('certificates.handler', {
      ...awsSettings(inject('awsEndpoint') ?? ''),
      KEY_PREFIX: prefix,
    });
    const findings = JSON.parse(await started.invoke({}));
    await started.stop();
    expect(findings).toEqual([
      { keyId: 'broken', state: 'unreadable' },
      { keyId: 'soon', state: 'expiring', daysLeft: 9 },
      { keyId: 'without', state: 'missing' },
      { keyId: 'year', state: 'valid', daysLeft: 364 },
    ]);
    const written = started.written();
    expect(written).toMatch(/"keyId":"soon","CertificateDaysLeft":9/);
    expect(written).toMatch(/"keyId":"year","CertificateDaysLeft":364/);
    expect(written.match(/"level":"WARN"/g)).toHaveLength(3);
    expect(written).not.toContain('canary');
  });

  it('finds a certificate that is not yet valid, one on its last day, and one with a private key', async () => {
    const client = new SSMClient(awsTestClient());
    const at = async (days: number) => checkCertificates({ client, prefix, now: () => Date.now() + days * 86_400_000 });
    expect(await at(-1)).toContainEqual({ keyId: 'soon', state: 'not yet valid', daysLeft: 10 });
    expect(await at(9.5)).toContainEqual({ keyId: 'soon', state: 'expiring', daysLeft: 0 });
    const combined = (await certificate(365)) + (await readFile(join(folder, 'key.pem'), 'utf8'));
    await client.send(
      new PutParameterCommand({ Name: `${prefix}/combined/certificate`, Value: combined, Type: 'String' }),
    );
    expect(await at(0)).toContainEqual({ keyId: 'combined', state: 'holds a private key' });
  });

  it('finds an expired certificate', async () => {
    const inElevenDays = () => Date.now() + 11 * 86_400_000;
    const findings = await checkCertificates({ client: new SSMClient(awsTestClient()), prefix, now: inElevenDays });
    expect(findings).toContainEqual({ keyId: 'soon', state: 'expired', daysLeft: -2 });
  });
});
