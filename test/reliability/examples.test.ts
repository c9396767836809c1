import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { privateKeyBinding } from 'flow-security-keys/stores/bindings';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import { stopProcess } from '../../demo/local-service.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { contactFlowEvent, privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { type EmulatedFunction, hasEmulator, startEmulator } from '../support/emulator.ts';
import { encrypted } from '../support/encrypted.ts';
import { type Gateway, startGateway } from '../support/gateway.ts';
import { packInto } from '../support/pack.ts';
import { startWorkerd } from '../support/workerd.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const { keyId } = recordingNamed('java rsa2048-card-number');
// Longer than a security code or a date, so that they appear nowhere by chance.
const typed = { card: '4000001234567899', cvc: '90817263', expiry: '12311299' };
const inputs: Record<string, string> = {};

let folder: string;
let gateway: Gateway;
beforeAll(async () => {
  for (const [name, input] of Object.entries(typed)) inputs[name] = await encrypted(input, keyId);
  folder = await mkdtemp(join(tmpdir(), 'examples-'));
  gateway = await startGateway();
  await cp(join(root, 'examples'), folder, { recursive: true });
  // The dependencies of all examples, at the versions of this repository.
  const names = ['@aws-sdk/client-ssm', '@hono/node-server', '@types/node', 'esbuild', 'hono', 'typescript'] as const;
  const versions = Object.fromEntries(names.map((name) => [name, packageJson.devDependencies[name]]));
  const dependencies = { ...versions, 'flow-security-keys': `file:${await packInto(folder)}` };
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', dependencies }));
  await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline'], { cwd: folder });
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  gateway.mode = 'approve';
});

function expectNoInput(text: string): void {
  for (const canary of [...Object.values(typed), ...Object.values(inputs)]) expect(text).not.toContain(canary);
}

const tool = (name: string) => join(folder, 'node_modules/.bin', name);

/** Runs the script of an example, as its README says. */
async function buildExample(example: string): Promise<string> {
  await run('npm', ['run', 'build'], { cwd: join(folder, example) });
  return join(folder, example, 'dist');
}

it('The examples compile against the published package', { timeout: 60_000 }, async () => {
  const sources = ['charge-lambda/index', 'lookup-account/index', 'hono-pay/server', 'worker/index'];
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2023', lib: ['ES2023', 'DOM'], types: ['node'], strict: true, noEmit: true },
    ...{ allowImportingTsExtensions: true, noUncheckedIndexedAccess: true },
  };
  const files = sources.map((source) => `${source}.ts`);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const { stdout } = await run(tool('tsc'), ['-p', '.'], { cwd: folder }).catch((error) => error);
  expect(stdout).toBe('');
  const source = await readFile(join(folder, 'charge-lambda/index.ts'), 'utf8');
  expect(source.slice(source.indexOf('export const handler')).trim().split('\n').length).toBeLessThanOrEqual(15);
});

describe.skipIf(!hasEmulator())('examples/charge-lambda, in the Lambda runtime', () => {
  let charge: EmulatedFunction;
  beforeAll(async () => {
    const environment = { ...awsSettings(inject('ssmEndpoint')), GATEWAY_URL: gateway.url };
    charge = await startEmulator('index.handler', environment, 8, await buildExample('charge-lambda'));
  }, 60_000);
  afterAll(() => charge.stop());

  let attempt = 0;

  /** Charges once for each attempt; no response, log line or metric holds an input. */
  async function invoke(parameters: object = inputs) {
    const answer = await charge.invoke(contactFlowEvent({ ...parameters, amount: '12.50', attempt: String(attempt) }));
    expectNoInput(answer + charge.written());
    return JSON.parse(answer);
  }

  it('charges the card once however often Connect invokes it, and returns a reference to the flow', async () => {
    attempt += 1;
    for (let invocation = 0; invocation < 3; invocation += 1) {
      expect(await invoke()).toMatchObject({
        'status-code': 200,
        data: { success: true, result: { approved: true, reference: 'P-1' } },
      });
    }
    const { charges } = gateway;
    expect(charges).toEqual([{ ...typed, amount: '12.50', path: '/charges' }]);
    expect(charge.written()).toMatch(/use started.*idempotencyKey|idempotencyKey.*use started/);
  });

  it.for([
    ['declines', 'decline', 'declined'],
    ['answers 500', 'fail', 'use_failed'],
    ['does not answer', 'hang', 'use_timed_out'],
  ] as const)(
    'answers in time, and charges nothing, when the gateway %s',
    { timeout: 20_000 },
    async ([, mode, code]) => {
      attempt += 1;
      const before = gateway.charges.length;
      gateway.mode = mode;
      const started = performance.now();
      expect(await invoke()).toMatchObject({ 'status-code': 500, code, data: { success: false } });
      expect(performance.now() - started).toBeLessThan(8_000);
      expect(gateway.charges).toHaveLength(before);
    },
  );

  it('charges nothing when an input is missing or not encrypted', async () => {
    attempt += 1;
    const before = gateway.charges.length;
    const { cvc: _cvc, ...others } = inputs;
    expect(await invoke(others)).toMatchObject({ data: { fields: { cvc: { code: 'missing_parameter' } } } });
    expect(await invoke({ ...inputs, expiry: '1228' })).toMatchObject({
      data: { fields: { expiry: { code: 'not_encrypted' } } },
    });
    expect(gateway.charges).toHaveLength(before);
  });
});

describe.skipIf(!hasEmulator())('examples/lookup-account, in the Lambda runtime', () => {
  it('returns the account to the flow, but never the PIN', { timeout: 60_000 }, async () => {
    const accounts = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const { account, pin } = JSON.parse(Buffer.concat(chunks).toString());
      if (account !== '12345678' || pin !== '9731') response.writeHead(403);
      response.end(JSON.stringify({ tier: 'gold', openOrders: 2 }));
    }).listen(0, '127.0.0.1');
    await once(accounts, 'listening');
    const address = accounts.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const environment = { ...awsSettings(inject('ssmEndpoint')), ACCOUNTS_URL: `http://127.0.0.1:${port}` };
    const lookup = await startEmulator('index.handler', environment, 8, await buildExample('lookup-account'));
    const answerTo = async (account: string, pin: string) => {
      const parameters = { account: await encrypted(account, keyId), pin: await encrypted(pin, keyId) };
      return JSON.parse(await lookup.invoke(contactFlowEvent(parameters)));
    };
    expect(await answerTo('12345678', '9731')).toMatchObject({ data: { result: { tier: 'gold', openOrders: 2 } } });
    expect(await answerTo('12345678', '9732')).toMatchObject({ code: 'wrong_pin' });
    expect(await answerTo('12345678', '973')).toMatchObject({ code: 'check_failed' });
    expect(lookup.written()).not.toContain('12345678');
    await lookup.stop();
    accounts.close();
  });
});

async function pay(origin: string, token: string, order: string): Promise<{ status: number; answer: string }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const { card, cvc } = inputs;
  const body = JSON.stringify({ card, cvc, amount: '7.00', order });
  const response = await fetch(`${origin}/pay`, { method: 'POST', headers, body });
  return { status: response.status, answer: await response.text() };
}

async function expectPays(origin: string, order: string): Promise<void> {
  const before = gateway.charges.length;
  const { status, answer } = await pay(origin, 'pay-token', order);
  expect(status).toBe(200);
  expect(JSON.parse(answer)).toMatchObject({ approved: true });
  expect((await pay(origin, 'pay-token', order)).answer).toBe(answer);
  const { card, cvc } = typed;
  expect(gateway.charges.slice(before)).toEqual([{ card, cvc, amount: '7.00', path: '/charges' }]);
  expect((await pay(origin, 'wrong', order)).status).toBe(401);
  gateway.mode = 'fail';
  const failed = await pay(origin, 'pay-token', order);
  expect(failed).toEqual({ status: 502, answer: '{"approved":false,"code":"gateway_failed"}' });
  expectNoInput(answer + failed.answer);
}

it('examples/hono-pay charges on Node', { timeout: 60_000 }, async () => {
  const keys = await writeKeyDirectory([[keyId, privateKeyOf({ keyId })]]);
  const server = spawn(process.execPath, ['server.ts'], {
    cwd: join(folder, 'hono-pay'),
    env: { PATH: process.env['PATH'], KEYS: keys, PAY_TOKEN: 'pay-token', GATEWAY_URL: gateway.url, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(server.stdout, 'data');
  await expectPays(`http://127.0.0.1:${JSON.parse(String(line)).port}`, 'node-1');
  await stopProcess(server);
  await rm(keys, { recursive: true });
});

it('examples/worker charges on workerd', { timeout: 60_000 }, async () => {
  // Bundled like wrangler does.
  const script = join(folder, 'worker/dist/index.mjs');
  const options = ['--bundle', '--platform=browser', '--format=esm', '--conditions=workerd', `--outfile=${script}`];
  await run(tool('esbuild'), [join(folder, 'worker/index.ts'), ...options]);
  const bindings = {
    [privateKeyBinding(keyId)]: privateKeyOf({ keyId }),
    PAY_TOKEN: 'pay-token',
    GATEWAY_URL: gateway.url,
  };
  const worker = await startWorkerd(bindings, script);
  await expectPays(worker.origin, 'worker-1');
  expectNoInput(await worker.stop());
});
