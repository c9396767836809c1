import {
  checkFlow,
  compareSettings,
  FlowKeysError,
  type FlowReport,
  readFlow,
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
  /** Whose key ids and certificates to compare with. Without a file and `flow`, all its flows are checked. */
  readonly instance?: string;
  /** The id of a flow in the instance, instead of a file. */
  readonly flow?: string;
  /** Accepted findings: `code`, or `code:block`. */
  readonly accept: readonly string[];
  /** A file with accepted findings, one on each line. */
  readonly accepted?: string;
  /** The least severe finding that makes the command fail. */
  readonly failOn: Severity;
  /** The name or ARN of a Lambda function whose settings to compare with. */
  readonly function?: string;
  /** Calls per second when all flows of an instance are checked. */
  readonly rate: number;
}

/** Checks the flows in a file, one flow of an instance, or all its published flows. */
export async function checkContactFlow(
  path: string | undefined,
  options: FlowCheckOptions,
  terminal: Terminal,
): Promise<Answer> {
  const instance = options.instance === undefined ? undefined : await connectInstance(options.instance, options);
  if (path === undefined ? instance === undefined : options.flow !== undefined)
    throw new CommandError(
      'invalid_option',
      'Pass a file, or --instance and --flow with a flow id, or --instance alone to check all its flows.',
    );
  const file = options.accepted === undefined ? '' : await readText(options.accepted, 'the accepted findings');
  const accepted = parseAccepted(options.accept, file);
  if (instance !== undefined && path === undefined && options.flow === undefined)
    return checkInstance(instance, accepted, options, terminal);
  const environment = options.function && (await readFunction(options.function, options)).environment;
  const flows = await terminal.during('Reading the flow', flowsOf(path, options.flow, instance));
  const uploaded = instance && (await terminal.during('Reading the security keys', uploadedKeys(instance)));
  const checked = flows.map(({ name, flow }) => ({
    ...checkedFlow(name, checkFlow(flow, { uploaded }), accepted),
    settings: environment ? compareSettings(flow, environment) : [],
  }));
  const { value, summary, exitCode } = resultOf(checked, options.failOn);
  const hint = instance ? '' : '; with --instance, key ids and certificates are compared with those of Connect';
  return {
    value: { ...value, comparedWithInstance: instance !== undefined },
    text: [...checked.map(describeFlow).filter((text) => text !== ''), `${summary}${hint}.`].join('\n'),
    exitCode,
  };
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

/** Checks every published flow and module of the instance. */
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
    if (performance.now() - told < progressMilliseconds) continue;
    told = performance.now();
    terminal.note(`${rows.length + unreadable.length} of ${listed.length} flows checked`);
  }
  const checked = rows.map((row) => row.checked);
  const parts = [
    ...checked.filter(({ findings }) => findings.length > 0).map(describeFlow),
    tableOf(rows),
    ...unreadable.map((name) => `"${name}" could not be read and was not checked.`),
  ];
  const { value, summary, exitCode } = resultOf(checked, options.failOn);
  const flows = rows.map(({ type, checked: { name, findings } }) => ({ name, type, findings: findings.length }));
  return {
    value: { ...value, comparedWithInstance: true, flows, unreadable },
    text: [...parts, `${summary}.`].join('\n\n'),
    exitCode: unreadable.length > 0 ? exitCodes.findings : exitCode,
  };
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
    // A flow can be deleted or unpublished while others are checked.
    const isGone = error instanceof CommandError && /NotFound|NotPublished/.test(error.cause?.name ?? '');
    if (isInvalid || isGone) return undefined;
    throw error;
  }
}

function resultOf(checked: readonly CheckedFlow[], failOn: Severity) {
  const all = <Entry extends object>(entries: (flow: CheckedFlow) => readonly Entry[]) =>
    checked.flatMap((flow) =>
      entries(flow).map((entry) => ({ ...(flow.name !== undefined && { flow: flow.name }), ...entry })),
    );
  const findings = all((flow) => flow.findings);
  const settings = all((flow) => flow.settings);
  const failing = severities.slice(0, severities.indexOf(failOn) + 1);
  const isFailing = findings.some(({ severity }) => failing.includes(severity)) || settings.length > 0;
  const [accepted, unknown, kept] = [
    all((flow) => flow.accepted),
    all((flow) => flow.unknown),
    all((flow) => flow.kept),
  ];
  return {
    value: { findings, accepted, unknown, kept, settings },
    summary: findings.length + settings.length === 0 ? coloured('green', 'No findings') : countsOf(findings),
    exitCode: isFailing ? exitCodes.findings : exitCodes.done,
  };
}
