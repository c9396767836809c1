import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { callFlow, checkFlow, type FlowDocument, readFlow } from 'flow-security-keys/flow';
import { createHandler } from 'flow-security-keys/lambda';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { writeFlow } from '../../cli/connect/flow/writer.ts';
import { selfSignedCertificate } from '../../cli/keys/certificate.ts';
import { contactFlowEvent, pem, testKeyStore, testKeys } from '../recordings/recordings.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { runCli } from '../support/cli.ts';
import { encrypted } from '../support/encrypted.ts';
import { functionArn } from '../support/rotation.ts';

const [key, otherKey] = testKeys;
if (key === undefined || otherKey === undefined) throw new Error('There are no two test keys.');
const certificate = pem('CERTIFICATE', key.certificate);
const messages = { successMessage: 'Thank you.', failureMessage: 'Sorry.', silenceMessage: 'Hello?' };
const flowOf = (...names: string[]) =>
  writeFlow({
    ...{ keyId: key.keyId, certificate, functionArn, ...messages },
    fields: names.map((name) => ({ name, prompt: `Your ${name}?`, maxDigits: 20 })),
  });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flow-'));
  await writeFile(join(folder, 'certificate.pem'), certificate);
});
afterAll(() => rm(folder, { recursive: true }));

const handler = createHandler({ keyStore: testKeyStore, log: () => {} });

/** A caller who types these, in a call that the product's own function answers. */
async function call(flow: FlowDocument, typed: readonly (string | undefined)[], invokes?: () => Promise<unknown>) {
  const waiting = [...typed];
  let parameters: Readonly<Record<string, string>> | undefined;
  const transcript = await callFlow(flow, {
    types: () => ({ keys: waiting.shift() ?? '' }),
    async encrypts(input, keyId, flowCertificate) {
      return encrypted(input, keyId, new X509Certificate(flowCertificate).publicKey);
    },
    async invokes(event) {
      parameters = event.Details.Parameters;
      const context = { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => 8_000 };
      try {
        const answer = invokes ? await invokes() : await handler(contactFlowEvent(parameters), context);
        return { answer, seconds: 0 };
      } catch (error) {
        return { failure: String(error), isRetried: true, seconds: 0 };
      }
    },
  });
  const heard = transcript.heard.filter((said) => !said.startsWith('Your '));
  return { ...transcript, heard, parameters };
}

describe('flow-keys flow', () => {
  it('writes a flow in which a call is answered by the function', async () => {
    const { heard, parameters, logged } = await call(flowOf('my-secret-string'), ['4444444444444444']);
    expect(heard).toEqual(['Thank you.']);
    expect(parameters?.['key-id']).toBe(key.keyId);
    expect(logged).toEqual([]);
  });

  it('asks for several fields in turn, and hands all of them to the function', async () => {
    const { heard, parameters } = await call(flowOf('card', 'expiry', 'cvc'), ['4444444444444444', '1228', '123']);
    expect(heard).toEqual(['Thank you.']);
    expect(Object.keys(parameters ?? {}).sort()).toEqual(['card', 'cvc', 'expiry', 'key-id']);
  });

  it.for([0, 1, 2])('tells a caller who does not type field %i, and calls no function', async (silent) => {
    const typed = ['4444444444444444', '1228', '123'].map((input, index) => (index === silent ? undefined : input));
    const { heard, parameters } = await call(flowOf('card', 'expiry', 'cvc'), typed);
    expect(heard).toEqual(['Hello?']);
    expect(parameters).toBeUndefined();
  });

  it('tells the caller when the function fails, and when it answers a failure', async () => {
    const failing = () => Promise.reject(new Error('throttled'));
    expect((await call(flowOf('card'), ['1'], failing)).heard).toEqual(['Sorry.']);
    const answering = async () => ({ 'status-code': 500, data: { success: false } });
    expect((await call(flowOf('card'), ['1'], answering)).heard).toEqual(['Sorry.']);
  });

  it('writes nothing that its own check finds fault with', () => {
    const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,20}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 8 }), (names) => {
        const text = JSON.stringify(flowOf(...names));
        const { findings } = checkFlow(readFlow(text), { uploaded: { has: () => true, signed: () => true } });
        // A security code that stays in a contact attribute is for people to judge.
        expect(findings.filter(({ code }) => code !== 'security_code_kept')).toEqual([]);
      }),
    );
  });

  it('is written and checked by the command', async () => {
    const out = join(folder, 'flow.json');
    const args = [
      'flow',
      '--key-id',
      key.keyId,
      '--certificate',
      join(folder, 'certificate.pem'),
      '--function',
      functionArn,
    ];
    const written = await runCli([
      ...args,
      '--field',
      'card=Type your card number.',
      '--field',
      'expiry',
      '--out',
      out,
    ]);
    expect(written).toMatchObject({ exitCode: 0 });
    expect(await readFile(out, 'utf8')).toContain('Type your card number.');
    expect(await runCli(['flow', 'check', out])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^No findings/m),
    });
    expect(await runCli([...args, '--field', 'a b'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/--field/),
    });
    expect(await runCli([...args.slice(0, -1), 'my-function'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/ARN/),
    });
    expect(await runCli(args.slice(0, 3))).toMatchObject({ exitCode: 2, stderr: expect.stringMatching(/--function/) });
  });
});

/** The flow with a fault planted in one of its actions. */
function planted(
  type: string,
  change: (action: ReturnType<typeof JSON.parse>) => void,
  names = ['card', 'expiry'],
): FlowDocument {
  const flow = structuredClone(flowOf(...names));
  const action = flow.Actions.find((candidate) => candidate.Type === type);
  if (action === undefined) throw new Error(`There is no ${type}.`);
  change(action);
  return flow;
}

/** Faults, by the code of what finds them. */
const faults: readonly (readonly [code: string, flow: () => FlowDocument])[] = [
  [
    'stored_unencrypted',
    () =>
      planted('GetParticipantInput', ({ Parameters }) => {
        Parameters.StoreInput = true;
        delete Parameters.InputEncryption;
      }),
  ],
  [
    'timeout_not_checked',
    () =>
      planted(
        'Compare',
        ({ Transitions }) => {
          Transitions.Conditions[0].NextAction = 'Decrypt';
        },
        ['card'],
      ),
  ],

  ['stored_unencrypted', () => planted('GetParticipantInput', ({ Parameters }) => delete Parameters.InputEncryption)],
  [
    'certificate_unreadable',
    () =>
      planted('GetParticipantInput', ({ Parameters }) => {
        Parameters.InputEncryption.Key = certificate.slice(0, 300);
      }),
  ],
  [
    'logging_on',
    () =>
      planted('UpdateFlowLoggingBehavior', ({ Parameters }) => {
        Parameters.FlowLoggingBehavior = 'Enabled';
      }),
  ],
  [
    'lambda_limit',
    () =>
      planted('InvokeLambdaFunction', ({ Parameters }) => {
        Parameters.InvocationTimeLimitSeconds = '9';
      }),
  ],
  [
    'lambda_without_error_branch',
    () =>
      planted('InvokeLambdaFunction', ({ Transitions }) => {
        Transitions.Errors = [];
      }),
  ],
  [
    'timeout_not_checked',
    () =>
      planted('GetParticipantInput', ({ Transitions }) => {
        Transitions.NextAction = 'Keep card';
      }),
  ],
  [
    'timeout_not_checked',
    () =>
      planted(
        'GetParticipantInput',
        ({ Transitions }) => {
          Transitions.NextAction = 'Decrypt';
        },
        ['card'],
      ),
  ],
  [
    'timeout_not_checked',
    () =>
      planted('Compare', ({ Transitions }) => {
        Transitions.Conditions[0].Condition.Operands = ['None'];
      }),
  ],
  [
    'dangling_branch',
    () =>
      planted('MessageParticipant', ({ Transitions }) => {
        Transitions.NextAction = 'Nowhere';
      }),
  ],
];

describe('flow-keys flow check', () => {
  it.for(faults)('finds %s', async ([code, flow]) => {
    const checked = await runCli(['flow', 'check', '-', '--json'], { input: JSON.stringify(flow()) });
    expect(checked.exitCode).toBe(4);
    const { findings } = JSON.parse(checked.stdout);
    expect(findings.map((finding: { code: string }) => finding.code)).toContain(code);
    for (const { message, fix, block } of findings) {
      expect(`${block}${message}`).not.toMatch(/\.$/);
      expect(fix).toMatch(/\w/);
    }
  });

  it('finds logging that was turned on again before the function is called', async () => {
    const flow = structuredClone(flowOf('card'));
    const actions = [
      ...flow.Actions.map((action) =>
        action.Type === 'Compare' && action.Identifier.includes('typed') ? detour(action) : action,
      ),
      {
        Identifier: 'On again',
        Type: 'UpdateFlowLoggingBehavior',
        Parameters: { FlowLoggingBehavior: 'Enabled' },
        Transitions: { NextAction: 'Decrypt' },
      },
    ];
    const found = checkFlow({ ...flow, Actions: actions }).findings.map(({ code, block }) => [code, block]);
    expect(found).toEqual([['logging_on', 'Decrypt']]);

    function detour(action: (typeof flow.Actions)[number]) {
      const Errors = [{ ErrorType: 'NoMatchingCondition', NextAction: 'On again' }];
      return { ...action, Transitions: { ...action.Transitions, NextAction: 'On again', Errors } };
    }
  });

  it('finds certificates that have expired, or soon do', async () => {
    const dates = [
      ['-1', 'certificate_expired'],
      ['10', 'certificate_expiring'],
    ] as const;
    for (const [days, code] of dates) {
      const dated = await datedCertificate(Number(days));
      const flow = planted('GetParticipantInput', ({ Parameters }) => {
        Parameters.InputEncryption.Key = dated;
      });
      expect(checkFlow(flow).findings.map((finding) => finding.code)).toEqual([code]);
    }
  });

  it('takes what comes from attributes for granted', () => {
    const flow = planted('GetParticipantInput', ({ Parameters }) => {
      Parameters.InputEncryption = { EncryptionKeyId: '$.Attributes.key', Key: '$.Attributes.certificate' };
    });
    const { findings, unknown } = checkFlow(flow, { uploaded: { has: () => false, signed: () => false } });
    expect(findings.map(({ code, block }) => [code, block])).toEqual([['unknown_key_id', 'Ask for expiry']]);
    expect(unknown.filter(({ block }) => block === 'Ask for card')).toHaveLength(2);
  });

  it('says what is no flow', async () => {
    const inputs = {
      'not JSON': /not JSON/,
      '[]': /StartAction/,
      '{"Resources":{}}': /no contact flow/,
      '{"StartAction":"a","Actions":[{}]}': /action 1/,
    };
    for (const [input, message] of Object.entries(inputs)) {
      expect(await runCli(['flow', 'check', '-'], { input })).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(message),
      });
    }
  });

  it('never throws, whatever a flow holds', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.array(
          fc.record({
            Identifier: fc.string(),
            Type: fc.constantFrom('GetParticipantInput', 'Compare', 'InvokeLambdaFunction', 'x'),
            Parameters: fc.anything(),
            Transitions: fc.anything(),
          }),
        ),
        (json, actions) => {
          for (const text of [json, JSON.stringify({ StartAction: actions[0]?.Identifier ?? 'a', Actions: actions })]) {
            try {
              checkFlow(readFlow(text));
            } catch (error) {
              expect(error).toMatchObject({ code: 'invalid_flow' });
            }
          }
        },
      ),
    );
  });
});

describe.skipIf(inject('awsEndpoint') === null)('flow-keys flow check, with Connect', () => {
  let aws: TestAws;
  beforeAll(async () => {
    aws = await startAws();
  });
  afterAll(() => aws.stop());

  it('compares key ids and certificates with those of the instance', async () => {
    const check = async () => {
      const args = ['flow', 'check', '--flow', 'f1', '--instance', aws.connect.instanceId, '--json'];
      return JSON.parse((await runCli(args, { environment: awsSettings(aws.endpoint) })).stdout).findings;
    };
    const publicKey = (of: { certificate: string }) =>
      new X509Certificate(pem('CERTIFICATE', of.certificate)).publicKey
        .export({ type: 'spki', format: 'pem' })
        .toString();
    aws.connect.flows.set('f1', JSON.stringify(flowOf('card')));
    expect(await check()).toMatchObject([{ code: 'unknown_key_id', block: 'Ask for card' }]);
    aws.connect.securityKeys.set(key.keyId, publicKey(otherKey));
    expect(await check()).toMatchObject([{ code: 'certificate_mismatch', block: 'Ask for card' }]);
    aws.connect.securityKeys.set(key.keyId, publicKey(key));
    expect(await check()).toEqual([]);
  });
});

/** A certificate of the test key that ends in so many days. */
function datedCertificate(days: number): Promise<string> {
  return selfSignedCertificate(pem('PRIVATE KEY', key?.privateKeyPkcs8 ?? ''), { subject: 'CN=test', days });
}
