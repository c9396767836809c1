import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consumerBinding, privateKeyBinding } from '../../adapters/stores/bindings.ts';
import { startParameterStore } from '../../demo/parameter-store.ts';
import { startWrangler } from '../../demo/wrangler.ts';
import { parityCases, unusableKeys } from '../parity/cases.ts';
import consumerKeys from '../recordings/consumer-keys.json' with { type: 'json' };
import { contactFlowEvent, parameterName, pem, recordedEvent, recordings, testKeys } from '../recordings/recordings.ts';
import { consumerDocuments, consumerParameterName } from '../support/consumer-documents.ts';

const canary = 'canary4929736155';
const [testKey] = testKeys;
if (testKey === undefined) throw new Error('There is no test key.');

/** A key id under which the store holds a canary instead of a key. */
const canaryKeyId = 'c0c0c0c0-0000-4000-8000-00000000ca4a';

const stored = new Map([
  ...testKeys.map(({ keyId, privateKeyPkcs8 }) => [keyId, pem('PRIVATE KEY', privateKeyPkcs8)] as const),
  ...Object.entries(unusableKeys).map(([keyId, { label, der }]) => [keyId, pem(label, der)] as const),
  [canaryKeyId, canary] as const,
]);

/** Consumers, some with a canary in their documents. */
const documents = new Map([
  ...consumerDocuments(),
  ['canary-text', canary],
  [
    'canary-key',
    JSON.stringify({ format: 'jwe', publicKey: pem('PRIVATE KEY', btoa(canary)), keyIds: [], fields: [] }),
  ],
  [
    'canary-member',
    JSON.stringify({ format: canary, publicKey: canary, keyIds: [canary], fields: [canary], [canary]: canary }),
  ],
]);
const consumers = Array.from(documents.keys());

/** Invalid names of consumers: a caller's input, a PEM text or base64 in the wrong place. */
const misplaced = [canary.replace('canary', ''), pem('PRIVATE KEY', btoa(canary)), btoa(canary), `${canary}/..`];

const ciphertext = recordings[0]?.ciphertext;

/** Requests to re-encrypt, without the ciphertext. */
const reencryptions: readonly object[] = [
  { field: 'card', consumers, contactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe' },
  ...misplaced.flatMap((secret) => [
    { field: secret, consumers },
    { field: 'card', consumers: [secret] },
    { field: 'card', consumers, contactId: secret },
    { field: 'card', consumers, keyId: secret },
    { field: 'card', consumers, ciphertext: secret },
  ]),
];

/** Every recording, bad inputs, and events with a canary wherever a secret could be. */
const bodies: readonly string[] = [
  ...recordings.map((recording) => JSON.stringify(recordedEvent(recording))),
  ...parityCases([]).flatMap((parityCase) => parityCase.bodies.slice(0, 20)),
  ...[canary, btoa(canary), pem('PRIVATE KEY', btoa(canary)), `${canary}/..`].flatMap((secret) => [
    JSON.stringify(contactFlowEvent({ 'key-id': testKey.keyId, 'my-secret-string': secret })),
    JSON.stringify(contactFlowEvent({ 'key-id': secret, 'my-secret-string': recordings[0]?.ciphertext })),
    JSON.stringify(contactFlowEvent({ 'key-id': recordings[0]?.ciphertext, 'my-secret-string': secret })),
    JSON.stringify({ Details: { ContactData: { Attributes: { secret } }, Parameters: { secret } }, secret }),
    JSON.stringify(secret),
  ]),
  JSON.stringify(contactFlowEvent({ 'key-id': canaryKeyId, 'my-secret-string': renamedTo(canaryKeyId) })),
  ...[consumers.join(), ...misplaced].flatMap((consumer) => [
    JSON.stringify(contactFlowEvent({ card: ciphertext, 'my-secret-string': canary, consumer })),
    JSON.stringify(contactFlowEvent({ 'my-secret-string': ciphertext, consumer })),
  ]),
];

/** What must never be written: canaries, plaintexts, and parts of ciphertexts and keys. */
const secrets: readonly string[] = [
  canary,
  btoa(canary).replaceAll('=', ''),
  Buffer.from(canary).toString('hex'),
  'PRIVATE KEY',
  ...new Set(recordings.map(({ plaintext }) => plaintext).filter((plaintext) => plaintext.length > 6)),
  ...recordings.flatMap(({ ciphertext }) => stretches(ciphertext)),
  ...testKeys.flatMap(({ privateKeyPkcs8 }) => stretches(privateKeyPkcs8)),
  ...stretches(consumerKeys.keys['P-256'].privateKeyPkcs8),
  // The beginnings of a JWE and of a message of suite 0578.
  'eyJhbGciOi',
  'AgV4',
];

describe('What the Lambda function writes', () => {
  async function writtenWith(environment: Readonly<Record<string, string>>): Promise<string> {
    const parameters = new Map([
      ...Array.from(stored, ([keyId, value]) => [parameterName(keyId), value] as const),
      ...Array.from(documents, ([name, document]) => [consumerParameterName(name), document] as const),
    ]);
    const parameterStore = await startParameterStore(parameters);
    const program = `
      const { handler } = await import('./dist/lambda/index.mjs');
      const bodies = JSON.parse(await (await import('node:stream/consumers')).text(process.stdin));
      for (const body of bodies) await handler(JSON.parse(body), { awsRequestId: 'r', getRemainingTimeInMillis: () => 8000 });
    `;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      env: {
        PATH: process.env['PATH'],
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'x',
        AWS_SECRET_ACCESS_KEY: canary,
        AWS_ENDPOINT_URL: parameterStore.endpoint,
        CONSUMERS: '*',
        _X_AMZN_TRACE_ID: 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1',
        ...environment,
      },
    });
    child.stdin.end(JSON.stringify(bodies));
    const written = await everythingFrom(child);
    await parameterStore.stop();
    return written;
  }

  it.for<Readonly<Record<string, string>>>([{ POWERTOOLS_LOG_LEVEL: 'SILENT' }, { AWS_LAMBDA_LOG_LEVEL: 'FATAL' }])(
    'includes the audit at any log level: %o',
    async (environment) => {
      const written = await writtenWith(environment);
      expect(written).not.toContain('"message":"decrypted"');
      expect(written.match(/"audit":"reencryption".*"code":"ok"/g)?.length).toBeGreaterThan(0);
      expect(written.match(/"ReencryptionError":1|"ReencryptionSuccess":1/g)).toHaveLength(
        written.match(/"audit":"reencryption"/g)?.length ?? 0,
      );
    },
  );

  it('has a line for each call and no secret', async () => {
    const written = await writtenWith({});
    expectNoSecrets(written);
    expect(written.match(/"message":"(not )?decrypted"/g)).toHaveLength(bodies.length);
    const audited = written.match(/"audit":"reencryption"/g) ?? [];
    expect(audited.length).toBeGreaterThan(consumers.length);
    expect(written.match(/"ReencryptionError":1|"ReencryptionSuccess":1/g)).toHaveLength(audited.length);
    expect(written.match(/"xray_trace_id":"1-5759e988-bd862e3fe1be46a994272793"/g)).toHaveLength(
      bodies.length + audited.length,
    );
    expect(written.match(/"DecryptionError":1|"DecryptionSuccess":/g)?.length).toBeGreaterThanOrEqual(bodies.length);
    // A decrypted input counts as decrypted, even if its re-encryption failed.
    expect(written).toMatch(
      /"level":"ERROR","message":"decrypted".*"code":"(unknown_consumer|forbidden|invalid_consumer)"/,
    );
    const decrypted = written
      .split('\n')
      .filter((line) => /"message":"(not )?decrypted"/.test(line))
      .flatMap((line) => {
        const { code, outcomes = [code], decryptions = outcomes } = JSON.parse(line);
        return decryptions.filter((decryption: string) => decryption === 'ok');
      });
    const counted = Array.from(written.matchAll(/"DecryptionSuccess":(\d+)/g), ([, count]) => Number(count));
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(decrypted.length);
  });
});

describe('What the worker writes', () => {
  it('has a line for each request and no secret', async () => {
    const variables = new Map([
      ...Array.from(stored, ([keyId, value]) => [privateKeyBinding(keyId), value] as const),
      ...Array.from(documents, ([name, document]) => [consumerBinding(name), document] as const),
      ['CONSUMERS', '*'],
    ]);
    const options = Array.from(variables, ([name, value]) => ['--var', `${name}:${value}`]);
    const worker = await startWrangler(0, '--env', 'development', ...options.flat());
    const requests = [
      ...bodies.flatMap((body) => [
        { route: 'connect', body },
        { route: 'decrypt', body },
      ]),
      ...recordings.map(({ ciphertext }) => ({ route: 'decrypt', body: JSON.stringify({ ciphertext }) })),
      { route: 'decrypt/batch', body: JSON.stringify({ items: recordings.map(({ ciphertext }) => ({ ciphertext })) }) },
      ...reencryptions.map((members) => ({ route: 'reencrypt', body: JSON.stringify({ ciphertext, ...members }) })),
    ];
    for (const { route, body } of requests) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
      await (await fetch(`${worker.origin}/v1/${route}`, init)).arrayBuffer();
    }
    const written = await worker.stop();
    expectNoSecrets(written);
    expect(written.match(/"route":"\/v1/g)).toHaveLength(requests.length);
    expect(written.match(/"route":"\/v1\/decrypt".*"code":"ok"/g)?.length).toBeGreaterThan(5);
    expect(written.match(/"audit":"reencryption".*"code":"ok"/g)?.length).toBeGreaterThan(5);
  });
});

describe('The deployed and the published code', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'deployed-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('does not hold the demonstration keys', async () => {
    const wrangler = ['node_modules/wrangler/bin/wrangler.js', 'deploy', '--dry-run', '--outdir', folder];
    await everythingFrom(
      spawn(process.execPath, wrangler, { env: { ...process.env, WRANGLER_SEND_METRICS: 'false' } }),
    );
    const files = [
      ...(await filesOf(folder)),
      ...(await filesOf('dist/package')),
      ...(await filesOf('dist/lambda')),
      ...(await filesOf('dist/cli')),
    ];
    expect(files.length).toBeGreaterThan(5);
    const keys = testKeys.flatMap(({ privateKeyPkcs8 }) => stretches(privateKeyPkcs8));
    for (const file of files) {
      const content = await readFile(file, 'utf8');
      expect(
        keys.filter((key) => content.includes(key)),
        file,
      ).toEqual([]);
    }
    const development = await readFile('dist/worker/development.js', 'utf8');
    expect(keys.filter((key) => development.includes(key))).toHaveLength(keys.length);
  });
});

function expectNoSecrets(written: string): void {
  expect(written.length).toBeGreaterThan(1_000);
  // Report the indexes of the secrets, not the secrets.
  const found = secrets.flatMap((secret, index) => (written.includes(secret) ? [index] : []));
  expect(found).toEqual([]);
}

async function everythingFrom(child: ChildProcess): Promise<string> {
  if (child.stdout === null || child.stderr === null) throw new Error('The process has no output.');
  return (await Promise.all([text(child.stdout), text(child.stderr)])).join('');
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Two parts of a secret, so that a leaked part is found, too. The first 60 characters of all PKCS#8 keys are the same. */
function stretches(secret: string): readonly string[] {
  return [secret.slice(60, 100), secret.slice(-60, -20)].filter((part) => part.length === 40);
}

function renamedTo(keyId: string): string {
  return btoa(atob(recordings[0]?.ciphertext ?? '').replace(testKey?.keyId ?? '', keyId));
}
