import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallTranscript } from 'flow-security-keys/flow';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pem, testKeys } from '../recordings/recordings.ts';
import { startAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { runCli } from '../support/cli.ts';
import { block, blockOf, type EditableFlow, flowOfTwoWays, insertBefore, keyId } from '../support/flows.ts';

const [key] = testKeys;
if (key === undefined) throw new Error('There is no test key.');
const certificate = pem('CERTIFICATE', key.certificate);
const card = '4929129182731646';

let folder: string;
let store: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flow-try-'));
  store = `directory:${join(folder, 'keys')}`;
  await mkdir(join(folder, 'keys', keyId), { recursive: true });
  await writeFile(join(folder, 'keys', keyId, 'private-key.pem'), pem('PRIVATE KEY', key.privateKeyPkcs8), {
    mode: 0o600,
  });
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(value: unknown): Promise<string> {
  const path = join(folder, `${crypto.randomUUID()}.json`);
  await writeFile(path, JSON.stringify(value));
  return path;
}

async function tryFlow(flow: EditableFlow, ...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runCli(['flow', 'try', await fileOf(flow), ...args, '--json']);
  if (stdout === '') throw new Error(stderr);
  const transcript: CallTranscript = JSON.parse(stdout);
  expect(stdout).not.toContain(card);
  return { exitCode, ...transcript, blocks: transcript.steps.map((step) => step.block), text: stdout };
}
const flow = () => flowOfTwoWays(certificate);
const detailsOf = ({ steps }: CallTranscript, name: string) =>
  steps
    .filter((step) => step.block === name)
    .flatMap(({ details }) => details)
    .join('\n');
const answered = { 'status-code': 200, data: { success: true, message: 'Data decrypted successfully' } };

describe('flow-keys flow try', () => {
  it('plays a call, and decrypts the inputs with a handler in this process', async () => {
    const call = await tryFlow(flow(), '--keys', `1,${card}#`, '--store', store);
    expect(call).toMatchObject({ exitCode: 0, end: { kind: 'disconnected', block: 'End' }, logged: [], recorded: [] });
    expect(call.blocks.slice(2)).toEqual([
      'Menu',
      'Card first',
      'Typed first',
      'Decrypt first',
      'Done first',
      'Thanks first',
      'End',
    ]);
    expect(call.heard).toEqual(['One or two?', 'Card first?', 'Thanks first.']);
    expect(detailsOf(call, 'Card first')).toMatch(
      /^typed 16 keys\n\$\.StoredCustomerInput is \[ciphertext of \d+ characters\]$/,
    );
    expect(detailsOf(call, 'Decrypt first')).toMatch(
      /invoked once: answered .*"decryptedData":"\[input of \\?"Card first\\?"\]"/,
    );
  });

  it('prints readable text', async () => {
    const { stdout } = await runCli(['flow', 'try', await fileOf(flow()), '--keys', `2,${card}#`, '--store', store]);
    expect(stdout).toMatch(/^Card last \(GetParticipantInput\)\n {2}says: Card last\?\n {2}typed 16 keys$/m);
    expect(stdout).toMatch(/^Ended: disconnected at "End"/m);
    expect(stdout).not.toContain(card);
  });

  const ends: readonly (readonly [what: string, args: readonly string[], heard: string | undefined, kind: string])[] = [
    ['silence at the menu', ['--keys', ''], 'Sorry.', 'disconnected'],
    ['silence at the card', ['--keys', '1,'], 'Sorry.', 'disconnected'],
    ['another key of the menu', ['--keys', `7,${card}#`], 'Thanks last.', 'disconnected'],
    ['a correction with *', ['--keys', `1,12*${card}#`], 'Thanks first.', 'disconnected'],
    ['a hang-up', ['--keys', '1,hangup'], 'Card first?', 'hung-up'],
    ['an error branch', ['--keys', `1,${card}#`, '--branch', 'Decrypt first=Error'], 'Sorry.', 'disconnected'],
    ['another branch', ['--keys', `1,${card}#`, '--branch', 'Typed first=Timeout'], 'Sorry.', 'disconnected'],
    ['a branch that is not there', ['--keys', '', '--branch', 'Menu=Nothing'], undefined, 'undecided'],
  ];
  it.for(ends)('plays %s', async ([, args, heard, kind]) => {
    const call = await tryFlow(flow(), ...args, '--store', store);
    expect(call.heard.at(-1)).toBe(heard);
    expect(call.end.kind).toBe(kind);
    expect(call.exitCode).toBe(kind === 'undecided' ? 4 : 0);
  });

  const failures: readonly (readonly [what: string, answer: unknown, heard: string, detail: RegExp])[] = [
    ['an answer', answered, 'Thanks first.', /invoked once: answered/],
    ['a failure in its answer', { 'status-code': 500, data: { success: false } }, 'Sorry.', /invoked once: answered/],
    ['an error', { $failure: 'error' }, 'Sorry.', /invoked once: the function failed/],
    ['throttling, then an answer', [{ $failure: 'throttled' }, answered], 'Thanks first.', /invoked 2 times: answered/],
    ['throttling to the end', { $failure: 'throttled' }, 'Sorry.', /invoked 3 times: the function failed/],
    ['a slow function', { $seconds: 9, $answer: answered }, 'Sorry.', /no answer within 8 seconds/],
    ['retries that take too long', { $failure: '5xx', $seconds: 5 }, 'Sorry.', /invoked 2 times: no answer within 8/],
    ['an answer that is too large', { data: 'x'.repeat(32_768) }, 'Sorry.', /32 KB/],
    ['an answer that is not an object', ['text'], 'Sorry.', /not an object/],
  ];
  it.for(failures)('plays a function with %s', async ([, answer, heard, detail]) => {
    const call = await tryFlow(flow(), '--keys', `1,${card}#`, '--answer', await fileOf(answer));
    expect(call.heard.at(-1)).toBe(heard);
    expect(detailsOf(call, 'Decrypt first')).toMatch(detail);
  });

  it('rejects a nested answer if the flow validates STRING_MAP', async () => {
    const flat = flow();
    blockOf(flat, 'Decrypt first').Parameters['ResponseValidation'] = { ResponseType: 'STRING_MAP' };
    const call = await tryFlow(flat, '--keys', `1,${card}#`, '--store', store);
    expect(detailsOf(call, 'Decrypt first')).toMatch(/STRING_MAP needs a flat object/);
  });

  it('shows what would be logged and recorded', async () => {
    const leaking = flow();
    insertBefore(leaking, 'Card first', block('Log', 'UpdateFlowLoggingBehavior', { FlowLoggingBehavior: 'Enabled' }));
    const behavior = { RecordingBehavior: { RecordedParticipants: [], IVRRecordingBehavior: 'Enabled' } };
    insertBefore(leaking, 'Log', block('Record', 'UpdateContactRecordingBehavior', behavior));
    blockOf(leaking, 'Thanks first').Parameters['Text'] = 'Your card is $.External.data.fields.card.decryptedData.';
    const call = await tryFlow(leaking, '--keys', `1,${card}#`, '--store', store);
    expect(call.recorded).toEqual(['Card first']);
    expect(call.logged.join('\n')).toMatch(/Decrypt first: card: \[ciphertext of/);
    expect(call.logged).toContain('Thanks first: says Your card is [input of "Card first"].');
    expect(call.steps.filter(({ isLogged }) => isLogged).map((step) => step.block)).not.toContain('Menu');
  });

  it('stops at a block that it cannot play, unless a branch is chosen', async () => {
    const queue = flow();
    insertBefore(queue, 'Menu', block('Open?', 'CheckHoursOfOperation', {}));
    blockOf(queue, 'Open?').Transitions.Conditions.push({
      NextAction: 'End',
      Condition: { Operator: 'Equals', Operands: ['False'] },
    });
    const stopped = await tryFlow(queue, '--keys', '');
    expect(stopped).toMatchObject({ exitCode: 4, end: { kind: 'undecided', block: 'Open?' } });
    expect(stopped.end.why).toMatch(/Success, Equals False/);
    expect((await tryFlow(queue, '--branch', 'Open?=False')).end).toMatchObject({ kind: 'disconnected', block: 'End' });
  });

  it('says at which block a call is lost', async () => {
    const lost = flow();
    blockOf(lost, 'Menu').Transitions.Errors = [];
    expect(await tryFlow(lost, '--keys', '')).toMatchObject({ exitCode: 4, end: { kind: 'lost', block: 'Menu' } });
  });

  it('asks for missing options', async () => {
    const file = await fileOf(flow());
    const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [['--keys', '1'], /"Card first" takes keys, but --keys has no entry left/],
      [['--keys', `1,${card}#`], /pass --function, --endpoint, --store or --answer/],
      [['--keys', '1,abc'], /must be 0 to 9/],
      [['--keys', '', '--branch', 'None=Error'], /--branch must be/],
      [['--keys', '', '--store', store, '--endpoint', 'https://keys.example.com'], /one of/],
      [['--keys', '', '--endpoint', 'http://keys.example.com'], /https/],
    ];
    for (const [args, message] of wrong) {
      const refused = await runCli(['flow', 'try', file, ...args]);
      expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(message) });
      expect(refused.stderr).not.toContain(card);
    }
  });

  it('calls an HTTP service with the event that Connect sends', async () => {
    const events: { readonly Name: string; readonly Details: { readonly Parameters: Record<string, string> } }[] = [];
    const server = createServer(async (request, response) => {
      events.push(JSON.parse(await new Response(request as unknown as ReadableStream).text()));
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answered));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const call = await tryFlow(flow(), '--keys', `1,${card}#`, '--endpoint', `http://127.0.0.1:${port}`);
    server.close();
    expect(call.heard.at(-1)).toBe('Thanks first.');
    expect(events).toMatchObject([{ Name: 'ContactFlowEvent', Details: { Parameters: { 'key-id': keyId } } }]);
    expect(events[0]?.Details.Parameters['card']).toMatch(/^AYA/);
  });
});

describe.skipIf(inject('awsEndpoint') === null)('flow-keys flow try with Lambda', () => {
  it('invokes the function', async () => {
    const aws = await startAws();
    const events: unknown[] = [];
    aws.invoke = async (event) => {
      events.push(event);
      return answered;
    };
    const args = ['flow', 'try', await fileOf(flow()), '--keys', `1,${card}#`, '--function', 'decrypt', '--json'];
    const { stdout } = await runCli(args, { environment: awsSettings(aws.endpoint) });
    await aws.stop();
    expect(JSON.parse(stdout).heard.at(-1)).toBe('Thanks first.');
    expect(events).toHaveLength(1);
  });
});
