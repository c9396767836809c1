import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { checkFlow, type FlowDocument, kindLengths, readFlow, wordings, writeFlow } from 'flow-security-keys/flow';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { selfSignedCertificate } from '../../cli/keys/certificate.ts';
import { pem, testKeys } from '../recordings/recordings.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { runCli } from '../support/cli.ts';
import { functionArn } from '../support/rotation.ts';

const [key, otherKey] = testKeys;
if (key === undefined || otherKey === undefined) throw new Error('There are no two test keys.');
const certificate = pem('CERTIFICATE', key.certificate);
const flowOf = (...names: string[]) =>
  writeFlow({
    ...{ name: 'Test', keyId: key.keyId, certificate, functionArn },
    fields: names.map((name) => ({ name, kind: 'digits', min: 1, max: 20 })),
  });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flow-'));
  await writeFile(join(folder, 'certificate.pem'), certificate);
});
afterAll(() => rm(folder, { recursive: true }));

describe('flow-keys flow write', () => {
  const write = (...args: readonly string[]) =>
    runCli([
      ...['flow', 'write', '--key-id', key.keyId, '--certificate', join(folder, 'certificate.pem')],
      ...['--function', functionArn, ...args],
    ]);

  it('writes a flow without findings for card, expiry and cvc, and says what the function needs', async () => {
    const out = join(folder, 'card.json');
    const fields = ['--field', 'card', '--field', 'expiry', '--field', 'cvc'];
    expect(await write(...fields, '--out', out)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(
        /FIELDS="card expiry cvc"\n {2}CHECK="card=card expiry=expiry cvc=digits:3-4"\n {2}REVEAL=none\n {2}FLOW_TIME_LIMIT=8/,
      ),
    });
    expect(await runCli(['flow', 'check', out])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^No findings/m),
    });
  });

  it('accepts options for fields, and prints the flow with --json', async () => {
    const { stdout } = await write(
      ...['--field', 'account:min=8,max=8,prompt=Your account, please, with its 8 digits.', '--json'],
      ...['--field', 'pan:kind=card,confirm=last4', '--when', 'code=declined:It was declined.', '--module'],
    );
    const flow = readFlow(stdout);
    const asked = flow.Actions.filter(
      ({ Type, Identifier }) => Type === 'GetParticipantInput' && /^Ask/.test(Identifier),
    );
    expect(asked.map(({ Parameters }) => [Parameters['Text'], Parameters['InputValidation']])).toEqual([
      ['Your account, please, with its 8 digits.', { CustomValidation: { MaximumLength: '8' } }],
      [expect.stringMatching(/pound key/), { CustomValidation: { MaximumLength: '19' } }],
    ]);
    expect(flow.Actions.map(({ Identifier }) => Identifier)).toContain('Message declined');
    expect(checkFlow(flow).findings).toEqual([]);
  });

  it.for([
    [['--module'], /the flow that invoked the module continues/],
    [['--agent'], /on hold[\s\S]*SuspendContactRecording/],
    [
      ['--then', 'queue:b7f3c2a1-9999-4333-8444-5555aaaa5555', '--record-after', 'agent,ivr'],
      /recording is on again: agent, ivr/,
    ],
    [[], /Then the call ends/],
  ] as const)('says what caller and agent hear with %j', async ([args, said], { expect: hears }) => {
    hears((await write(...args)).stderr).toMatch(said);
  });

  it.for([
    [['--field', 'a b'], /--field must be a name/],
    [['--field', 'key-id'], /"key-id" is reserved/],
    [['--field', 'card', '--field', 'card'], /the same name/],
    [['--field', 'card:min=4'], /length is fixed/],
    [['--field', 'account:min=9,max=8'], /min that is greater than its max/],
    [['--field', 'account:min=0'], /number from 1 to 50/],
    [['--field', 'account:kind=bank'], /kind of field "account"/],
    [['--field', 'account:length=8'], /an unknown option/],
    [['--field', 'pin:confirm=last4'], /fewer than 8 digits/],
    [['--field', 'card:confirm=first6'], /must be last4/],
    [['--when', 'declined'], /--when must be/],
    [['--then', 'agent'], /--then must be/],
    [['--module', '--agent'], /one of --then/],
    [['--record-after', 'ivr'], /call that continues/],
    [['--module', '--record-after', 'everybody'], /--record-after must be/],
    [['--attempts', '101'], /at most 100/],
    [['--language', 'tlh'], /--language must be one of/],
    [['--success-message', ' '], /--success-message is empty/],
    [['--function', 'my function'], /lambda:GetFunctionConfiguration|credentials|function/],
  ] as const)('rejects %j', async ([args, message], { expect: refuses }) => {
    const refused = await write(...args);
    refuses(refused.exitCode).not.toBe(0);
    refuses(refused.stderr).toMatch(message);
  });

  it('names every kind and language in its help', async () => {
    const { stdout } = await runCli(['flow', 'write', '--help']);
    for (const word of [...Object.keys(kindLengths), ...Object.keys(wordings)]) expect(stdout).toContain(word);
  });
});

/** A flow with a fault planted in one of its blocks. */
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

/** Faults, each with the code of its finding. */
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
          Transitions.Conditions[0].NextAction = 'Keep card';
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
          Transitions.NextAction = 'Keep card';
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

  it('finds logging that is enabled again before the function is invoked', () => {
    const flow = structuredClone(flowOf('card'));
    const actions = [
      ...flow.Actions.map((action) =>
        action.Identifier === 'Keep card'
          ? { ...action, Transitions: { ...action.Transitions, NextAction: 'On again' } }
          : action,
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
  });

  it('finds certificates that have expired or expire soon', async () => {
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

  it('lists keys from attributes as unknown', () => {
    const flow = planted('GetParticipantInput', ({ Parameters }) => {
      Parameters.InputEncryption = { EncryptionKeyId: '$.Attributes.key', Key: '$.Attributes.certificate' };
    });
    const { findings, unknown } = checkFlow(flow, { uploaded: { has: () => false, signed: () => false } });
    expect(findings.map(({ code, block }) => [code, block])).toEqual([['unknown_key_id', 'Ask for expiry']]);
    expect(unknown.filter(({ block }) => block === 'Ask for card')).toHaveLength(2);
  });

  it('says why a file is not a flow', async () => {
    const inputs = {
      'not JSON': /neither JSON nor a template/,
      '[]': /StartAction/,
      '{"Resources":{}}': /neither a contact flow/,
      '{"StartAction":"a","Actions":[{}]}': /action 1/,
    };
    for (const [input, message] of Object.entries(inputs)) {
      expect(await runCli(['flow', 'check', '-'], { input })).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(message),
      });
    }
  });

  it('never throws, whatever a flow contains', () => {
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

describe.skipIf(inject('awsEndpoint') === null)('flow-keys flow check with Connect', () => {
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

/** A certificate of the test key that expires in the given number of days. */
function datedCertificate(days: number): Promise<string> {
  return selfSignedCertificate(pem('PRIVATE KEY', key?.privateKeyPkcs8 ?? ''), { subject: 'CN=test', days });
}
