import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FlowFinding } from 'flow-security-keys/flow';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pem, testKeys } from '../recordings/recordings.ts';
import { startAws, type TestAws } from '../support/aws.ts';
import { awsSettings } from '../support/aws-settings.ts';
import { runCli } from '../support/cli.ts';
import { block, blockOf, type EditableFlow, flowOfTwoWays, insertBefore } from '../support/flows.ts';
import { readCases } from '../support/shared-data.ts';

const [key] = testKeys;
if (key === undefined) throw new Error('There is no test key.');
const certificate = pem('CERTIFICATE', key.certificate);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flow-check-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(content: string | Uint8Array): Promise<string> {
  const path = join(folder, crypto.randomUUID());
  await writeFile(path, content);
  return path;
}

async function check(content: string | Uint8Array, ...args: readonly string[]) {
  const { exitCode, stdout, stderr } = await runCli(['flow', 'check', await fileOf(content), ...args, '--json']);
  if (stdout === '') throw new Error(stderr);
  const report: {
    readonly findings: readonly (FlowFinding & { readonly flow?: string })[];
    readonly accepted: readonly FlowFinding[];
    readonly unknown: readonly { readonly message: string }[];
    readonly kept: readonly { readonly attribute: string }[];
  } = JSON.parse(stdout);
  return { exitCode, ...report, codes: report.findings.map(({ code }) => code) };
}

describe.skipIf(readCases() === undefined)('flow-keys flow check on users’ files', () => {
  const cases = new Map(readCases()?.map(({ name, base64 }) => [name, Buffer.from(base64, 'base64')]));
  const outcomes: readonly (readonly [name: string, codes: readonly string[], exitCode: number])[] = [
    ['02a-flow-block-with-certificate-and-private-key.json', ['private_key_in_flow'], 4],
    ['02b-flow-block-with-private-key.json', ['private_key_in_flow'], 4],
    ['05a-flow-string-map.json', ['string_map_nested'], 4],
    ['05b-flow-no-response-validation.json', ['response_validation_missing'], 0],
    ['05c-flow-input-not-passed.json', ['input_not_passed'], 4],
    ['05e-flow-asynchronous.json', ['asynchronous_answer'], 4],
    ['05f-flow-input-without-error-branch.json', ['error_branch_missing'], 4],
    ['05g-flow-empty-key-id.json', ['key_id_empty'], 4],
    ['05h-flow-placeholder-key-id.json', ['key_id_placeholder'], 4],
    ['05i-flow-encryption-without-store.json', ['encryption_not_stored'], 4],
    ['06a-flow-ivr-recording.json', ['recording_on', 'call_recording_on', 'error_branch_missing'], 4],
    ['06b-flow-plaintext-after-logging-enabled.json', ['plaintext_logged', 'plaintext_spoken'], 4],
    ['07a-flow-describe-contact-flow.json', [], 0],
    ['07b-flow-utf16-powershell.json', [], 0],
    ['07c-flow-content-string.json', [], 0],
    ['07d-flow-old-export.json', ['input_not_passed', 'certificate_unreadable', 'logging_unknown'], 4],
    ['07e-flow-in-cloudformation.yml', [], 0],
    ['08a-flow-limit-as-number.json', [], 0],
    ['08b-flow-without-logging-block.json', ['logging_unknown'], 0],
    ['08c-flow-menu-digit.json', [], 0],
    ['08d-flow-attribute-then-timeout-check.json', [], 0],
  ];
  it.for(outcomes)('%s: %s', async ([name, codes, exitCode]) => {
    const checked = await check(cases.get(name) ?? '');
    expect(checked.codes.toSorted()).toEqual(codes.toSorted());
    expect(checked.exitCode).toBe(exitCode);
    expect(JSON.stringify(checked)).not.toMatch(/PRIVATE KEY|MII/);
  });
});

describe('flow-keys flow check reads', () => {
  const flow = () => {
    const faulty = flowOfTwoWays(certificate);
    blockOf(faulty, 'Decrypt last').Parameters['InvocationTimeLimitSeconds'] = 9;
    return faulty;
  };
  const text = JSON.stringify(flow());
  const filledIn = (name: string) => `$\{${name}}`;
  const indented = (value: string) => value.replaceAll(/^/gm, '        ');
  const resource = (content: unknown) => ({
    Resources: { Ask: { Type: 'AWS::Connect::ContactFlowModule', Properties: { Name: 'a', Content: content } } },
  });
  const planned = { type: 'aws_connect_contact_flow', address: 'module.m.aws_connect_contact_flow.ask' };
  const forms: Readonly<Record<string, string | Uint8Array>> = {
    'an export': text,
    'what describe-contact-flow prints': JSON.stringify({ ContactFlow: { Id: 'f', Content: text } }),
    'what describe-contact-flow-module prints': JSON.stringify({ ContactFlowModule: { Id: 'm', Content: text } }),
    'a content string': JSON.stringify(text),
    'a file with Name and Content': JSON.stringify({ Name: 'n', Content: text }),
    'a file with Name and a Content object': JSON.stringify({ Name: 'n', Content: flow() }),
    'UTF-8 with a byte order mark': Buffer.from(`\u{feff}${text}`),
    'UTF-16, little-endian': Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
    'UTF-16, big-endian': Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(text, 'utf16le').swap16()]),
    'UTF-16 without a mark': Buffer.from(text, 'utf16le'),
    'what describe-contact-flow prints as YAML': `ContactFlow:\n  Id: f\n  Content: '${text.replaceAll("'", "''")}'\n`,
    'a CloudFormation template in JSON': JSON.stringify(resource(text)),
    'a template with Fn::Sub': JSON.stringify(
      resource({
        'Fn::Sub': [
          text.replace('"InvocationTimeLimitSeconds":"8"', `"InvocationTimeLimitSeconds":${filledIn('Limit')}`),
          {},
        ],
      }),
    ),
    'a template with Fn::Join': JSON.stringify(
      resource({
        'Fn::Join': [
          '',
          [
            ...text
              .split('"arn:')
              .flatMap((part) => [part, '"arn:'])
              .slice(0, -1),
          ],
        ],
      }),
    ),
    'a template with Fn::ToJsonString': JSON.stringify(resource({ 'Fn::ToJsonString': flow() })),
    'a CloudFormation template in YAML': `Resources:\n  Ask:\n    Type: AWS::Connect::ContactFlow\n    Properties:\n      InstanceArn: !GetAtt Instance.Arn\n      Content: !Sub |\n${indented(JSON.stringify(flow(), null, 1))}\n`,
    'a Terraform configuration in JSON': JSON.stringify({
      resource: { aws_connect_contact_flow: { ask: [{ instance_id: 'i', content: text }] } },
    }),
    'a Terraform plan in JSON': JSON.stringify({
      planned_values: { root_module: { child_modules: [{ resources: [{ ...planned, values: { content: text } }] }] } },
    }),
  };
  it.for(Object.entries(forms))('%s', async ([, content]) => {
    const { findings } = await check(content);
    expect(findings.map(({ code, block: found }) => [code, found])).toEqual([['lambda_limit', 'Decrypt last']]);
  });

  it('values that a template fills in as unknown', async () => {
    const content = JSON.stringify(flow()).replaceAll('b7f3c2a1-2222-4333-8444-5555aaaa5555', filledIn('KeyId'));
    const { codes, unknown } = await check(JSON.stringify(resource({ 'Fn::Sub': content })));
    expect(codes).toEqual(['lambda_limit']);
    expect(unknown.map(({ message }) => message).join()).toMatch(/key id is known only when the flow is deployed/);
  });

  it('numbers and booleans as JSON or as text', async () => {
    const asText = flowOfTwoWays(certificate);
    const asJson: EditableFlow = JSON.parse(
      JSON.stringify(asText).replaceAll(/"(\d+|True|False)"/g, (_, value) => value.toLowerCase()),
    );
    expect(asJson).not.toEqual(asText);
    for (const each of [asText, asJson]) expect((await check(JSON.stringify(each))).codes).toEqual([]);
  });

  it('each flow of a template, by its name', async () => {
    const two = { ...resource(text).Resources, Other: resource(text).Resources.Ask };
    const { findings } = await check(JSON.stringify({ Resources: two }));
    expect(findings.map((finding) => finding.flow)).toEqual(['Ask', 'Other']);
  });

  it('nothing else, and says why', async () => {
    const inputs: Readonly<Record<string, RegExp>> = {
      'Resources: {}\n': /neither a contact flow/,
      '{"resource":{"aws_connect_contact_flow":{"a":{"content":"${jsonencode(local.flow)}"}}}}': /is an expression/,
      '{"Content":"{"}': /not JSON/,
    };
    for (const [content, message] of Object.entries(inputs))
      expect(await runCli(['flow', 'check', await fileOf(content)])).toMatchObject({
        exitCode: 3,
        stderr: expect.stringMatching(message),
      });
  });
});

describe('flow-keys flow check accepts', () => {
  const faulty = flowOfTwoWays(certificate);
  for (const way of ['first', 'last']) blockOf(faulty, `Decrypt ${way}`).Parameters['InvocationTimeLimitSeconds'] = 9;
  const text = JSON.stringify(faulty);

  it('a code, or a code of one block', async () => {
    expect(await check(text, '--accept', 'lambda_limit')).toMatchObject({ exitCode: 0, findings: [] });
    const one = await check(text, '--accept', 'lambda_limit:Decrypt first');
    expect(one).toMatchObject({
      exitCode: 4,
      findings: [{ block: 'Decrypt last' }],
      accepted: [{ block: 'Decrypt first' }],
    });
  });

  it('what a file lists, with comments', async () => {
    const file = await fileOf('# reviewed\nlambda_limit:Decrypt first # ticket 12\r\n\nlambda_limit:Decrypt last\n');
    expect(await check(text, '--accepted', file)).toMatchObject({ exitCode: 0, findings: [] });
  });

  it('no unknown code', async () => {
    const refused = await runCli(['flow', 'check', await fileOf(text), '--accept', 'lamda_limit']);
    expect(refused).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/"lamda_limit" is not a finding code/),
    });
  });

  it('fails from the severity of --fail-on', async () => {
    const noted = flowOfTwoWays(certificate);
    insertBefore(
      noted,
      'Menu',
      block('Module', 'InvokeFlowModule', { FlowModuleId: 'm' }, 'End', { NoMatchingError: 'Sorry' }),
    );
    const note = JSON.stringify(noted);
    expect(await check(note)).toMatchObject({ exitCode: 0, codes: ['logging_unknown', 'logging_unknown'] });
    expect((await check(note, '--fail-on', 'note')).exitCode).toBe(4);
    insertBefore(
      noted,
      'Menu',
      block('Ahead', 'GetParticipantInput', { EnableDTMFBuffer: true }, 'End', { NoMatchingError: 'Sorry' }),
    );
    redirectModule(noted);
    expect((await check(JSON.stringify(noted))).exitCode).toBe(4);
    expect((await check(JSON.stringify(noted), '--fail-on', 'error')).exitCode).toBe(0);

    // After a module, it would be unknown whether keys are buffered.
    function redirectModule(flow: EditableFlow): void {
      insertBefore(
        flow,
        'Menu',
        block('Again', 'GetParticipantInput', { EnableDTMFBuffer: true }, 'End', { NoMatchingError: 'Sorry' }),
      );
    }
  });

  it('shows the path and the fix in its text', async () => {
    const { stdout } = await runCli(['flow', 'check', await fileOf(text)]);
    expect(stdout).toContain('Path: Logging off > Recording off > Menu > Card first > Typed first > Decrypt first\n');
    expect(stdout).toMatch(/Fix: Set the time limit to 8 seconds/);
    expect(stdout).toMatch(/^2 errors, 0 warnings, 0 notes; /m);
  });
});

describe.skipIf(inject('awsEndpoint') === null)('flow-keys flow check on a whole instance', () => {
  let aws: TestAws;
  beforeAll(async () => {
    aws = await startAws();
  });
  afterAll(() => aws.stop());
  const checkAll = (...args: readonly string[]) =>
    runCli(['flow', 'check', '--instance', aws.connect.instanceId, ...args], {
      environment: awsSettings(aws.endpoint),
    });
  const countOf = (pattern: RegExp) => aws.calls.filter((call) => pattern.test(call)).length;

  it('makes one call for each flow and each page, and ends with a table', async () => {
    const harmless = flowOfTwoWays(certificate);
    harmless.Actions = harmless.Actions.filter(({ Identifier }) => ['Logging off', 'End'].includes(Identifier));
    blockOf(harmless, 'Logging off').Transitions.NextAction = 'End';
    const faulty = flowOfTwoWays(certificate);
    blockOf(faulty, 'Decrypt last').Parameters['InvocationTimeLimitSeconds'] = 9;
    for (let number = 1; number <= 298; number += 1) aws.connect.flows.set(`f${number}`, JSON.stringify(harmless));
    aws.connect.flows.set('draft', JSON.stringify(faulty));
    aws.connect.drafts.add('draft');
    aws.connect.flows.set('old', JSON.stringify(faulty));
    aws.connect.archived.add('old');
    aws.connect.flows.set('f299', JSON.stringify(faulty));
    aws.connect.modules.set('m1', JSON.stringify(harmless));
    aws.calls.length = 0;

    const started = performance.now();
    const { exitCode, stdout } = await checkAll('--rate', '50');
    expect(performance.now() - started).toBeLessThan(20_000);
    expect(exitCode).toBe(4);
    expect(countOf(/GET \/contact-flows\/[^/]+\/[^/]+$/)).toBe(299);
    expect(countOf(/GET \/contact-flow-modules\//)).toBe(1);
    expect(countOf(/-summary\//)).toBe(5);
    expect(stdout).toMatch(/lambda_limit {2}"Decrypt last"/);
    expect(stdout).toMatch(/^Flow f299 +CONTACT_FLOW +3 +0 +0 +0$/m);
    expect(stdout).toMatch(/^Module m1 +MODULE +0 +0 +0 +0$/m);
    expect(stdout).not.toMatch(/Flow (draft|old)/);
  });

  it('retries when AWS throttles, and names the flows that it cannot read', async () => {
    aws.connect.flows.clear();
    aws.connect.modules.clear();
    aws.connect.flows.set('f1', '{"Actions":');
    aws.calls.length = 0;
    aws.fail('connect:GET /contact-flows-summary/*', 'TooManyRequestsException', 2);
    const { exitCode, stdout } = await checkAll('--rate', '100', '--json');
    expect(exitCode).toBe(4);
    expect(countOf(/contact-flows-summary/)).toBe(3);
    expect(JSON.parse(stdout)).toMatchObject({ findings: [], unreadable: ['Flow f1'] });
  });
});
