import {
  checkFlow,
  compareSettings,
  type FlowDocument,
  FlowKeysError,
  type FlowReport,
  readFlow,
  type SettingFault,
  type Severity,
  type UploadedKeys,
} from '../../src/flow/index.ts';
import type { AwsOptions } from '../aws.ts';
import { type Accepted, isAccepted, parseAccepted } from '../connect/flow/accepted.ts';
import { type NamedFlow, readFlows } from '../connect/flow/files.ts';
import { type CheckedFlow, countsOf, describeFlow, severities, tableOf } from '../connect/flow/report.ts';
import { uploadedKeys } from '../connect/flow/uploaded-keys.ts';
import { type ConnectInstance, connectInstance, type ListedFlow } from '../connect/instance.ts';
import { type Pace, paceOf } from '../connect/pace.ts';
import { readText } from '../files.ts';
import { readFunction } from '../lambda-function.ts';
import { CommandError, exitCodes } from '../output/command-error.ts';
import { type Answer, coloured, type Terminal } from '../output/terminal.ts';

export interface FlowCheckOptions extends AwsOptions {
  /** Compare key ids and certificates with those of the instance; without a file and `flow`, check all its flows. */
  readonly instance?: string;
  /** The id of a flow of the instance, instead of a file. */
  readonly flow?: string;
  /** Findings that are taken as they are: `code`, or `code:block`. */
  readonly accept: readonly string[];
  /** A file with one a line. */
  readonly accepted?: string;
  /** The least severe finding that the command fails on. */
  readonly failOn: Severity;
  /** The Lambda function, by its name or ARN, whose settings the flows must fit. */
  readonly function?: string;
  /** Calls a second, where a whole instance is checked. */
  readonly rate: number;
}

/** Checks the flows of a file, one of the instance, or all that the instance has published. */
export async function checkContactFlow(
  path: string | undefined,
  options: FlowCheckOptions,
  terminal: Terminal,
): Promise<Answer> {
  const instance = options.instance === undefined ? undefined : await connectInstance(options.instance, options);
  const isTwofold = path !== undefined && options.flow !== undefined;
  if (isTwofold || (instance === undefined && path === undefined)) {
    const message =
      'Pass a file, or --instance and --flow with the id of one of its flows, or --instance alone for all of them.';
    throw new CommandError('invalid_option', message);
  }
  const file = options.accepted === undefined ? '' : await readText(options.accepted, 'the accepted findings');
  const accepted = parseAccepted(options.accept, file);
  if (instance !== undefined && path === undefined && options.flow === undefined)
    return checkInstance(instance, accepted, options, terminal);
  const compared = await comparing(options);
  const flows = await terminal.during('Reading the flow', flowsOf(path, options.flow, instance));
  const uploaded = instance && (await terminal.during('Reading the security keys', uploadedKeys(instance)));
  const checked = flows.map(({ name, flow }) => ({
    ...checkedFlow(name, checkFlow(flow, { uploaded }), accepted),
    settings: compared(flow),
  }));
  const hint = instance ? '' : '; with --instance, key ids and certificates are compared with those of Connect';
  return answerOf(checked, options, { comparedWithInstance: instance !== undefined }, hint);
}

/** Compares flows with the settings of the function that was named. */
async function comparing(options: FlowCheckOptions): Promise<(flow: FlowDocument) => readonly SettingFault[]> {
  if (options.function === undefined) return () => [];
  const { environment } = await readFunction(options.function, options);
  return (flow) => compareSettings(flow, environment);
}

async function flowsOf(
  path: string | undefined,
  flowId: string | undefined,
  instance: ConnectInstance | undefined,
): Promise<readonly NamedFlow[]> {
  if (path !== undefined) return readFlows(await readText(path, 'the flow'));
  const content = (await instance?.flow(flowId ?? ''))?.content;
  return [{ name: undefined, flow: readFlow(content) }];
}

function checkedFlow(name: string | undefined, report: FlowReport, accepted: readonly Accepted[]): CheckedFlow {
  const { findings, unknown, kept } = report;
  return {
    ...{ name, unknown, kept, settings: [] },
    findings: findings.filter((finding) => !isAccepted(finding, accepted)),
    accepted: findings.filter((finding) => isAccepted(finding, accepted)),
  };
}

/** Every published flow and module, each with one call. */
async function checkInstance(
  instance: ConnectInstance,
  accepted: readonly Accepted[],
  options: FlowCheckOptions,
  terminal: Terminal,
): Promise<Answer> {
  const pace = paceOf(options.rate);
  const uploaded = await terminal.during('Reading the security keys', uploadedKeys(instance));
  const all = await terminal.during('Listing the flows', instance.flows(pace));
  const listed = all.filter(({ isInUse }) => isInUse);
  const rows: { readonly type: string; readonly checked: CheckedFlow }[] = [];
  const unreadable: string[] = [];
  let told = performance.now();
  for (const flow of listed) {
    const report = await reportOf(flow, instance, pace, uploaded);
    if (report === undefined) unreadable.push(flow.name);
    else rows.push({ type: flow.type, checked: checkedFlow(flow.name, report, accepted) });
    const done = rows.length + unreadable.length;
    if (performance.now() - told < progressMilliseconds) continue;
    told = performance.now();
    terminal.note(`${done} of ${listed.length} flows checked`);
  }
  const withFindings = rows.map(({ checked }) => checked).filter(({ findings }) => findings.length > 0);
  const parts = [
    ...withFindings.map(describeFlow),
    tableOf(rows),
    ...unreadable.map((name) => `"${name}" cannot be read, and was not checked.`),
  ];
  const value = {
    comparedWithInstance: true,
    flows: rows.map(({ type, checked }) => ({ name: checked.name, type, findings: checked.findings.length })),
    unreadable,
  };
  const answer = answerOf(
    rows.map(({ checked }) => checked),
    options,
    value,
    '',
  );
  const exitCode = unreadable.length > 0 ? exitCodes.findings : answer.exitCode;
  const summary = answer.text.split('\n').at(-1) ?? '';
  return { ...answer, text: [...parts, summary].join('\n\n'), ...(exitCode !== undefined && { exitCode }) };
}

const progressMilliseconds = 5_000;

async function reportOf(
  listed: ListedFlow,
  instance: ConnectInstance,
  pace: Pace,
  uploaded: UploadedKeys,
): Promise<FlowReport | undefined> {
  try {
    return checkFlow(readFlow(await instance.contentOf(listed, pace)), { uploaded });
  } catch (error) {
    const isInvalid = error instanceof FlowKeysError && error.code === 'invalid_flow';
    // Somebody may delete a flow, or take it back, while others are checked.
    const isGone = error instanceof CommandError && /NotFound|NotPublished/.test(error.cause?.name ?? '');
    if (isInvalid || isGone) return undefined;
    throw error;
  }
}

function answerOf(checked: readonly CheckedFlow[], { failOn }: FlowCheckOptions, value: object, hint: string): Answer {
  const findings = checked.flatMap(({ name, findings: found }) =>
    found.map((finding) => ({ ...(name !== undefined && { flow: name }), ...finding })),
  );
  const failing = severities.slice(0, severities.indexOf(failOn) + 1);
  const faults = checked.flatMap(({ settings }) => settings);
  const isFailing = findings.some(({ severity }) => failing.includes(severity)) || faults.length > 0;
  const all = <Entry extends object>(entries: (flow: CheckedFlow) => readonly Entry[]) =>
    checked.flatMap((flow) =>
      entries(flow).map((entry) => ({ ...(flow.name !== undefined && { flow: flow.name }), ...entry })),
    );
  const summary =
    findings.length + faults.length === 0
      ? `${coloured('green', 'No findings')}${hint}.`
      : `${countsOf(findings)}${hint}.`;
  return {
    value: {
      findings,
      accepted: all((flow) => flow.accepted),
      unknown: all((flow) => flow.unknown),
      kept: all((flow) => flow.kept),
      settings: all((flow) => flow.settings),
      ...value,
    },
    text: [...checked.map(describeFlow).filter((text) => text !== ''), summary].join('\n'),
    exitCode: isFailing ? exitCodes.findings : exitCodes.done,
  };
}
