import type { FlowFinding, FlowReport, SettingFault, Severity } from '../../../src/flow/index.ts';
import { type Colour, coloured, printable, table } from '../../output/terminal.ts';

/** The result of checking one flow. */
export interface CheckedFlow {
  /** The flow's name; `undefined` if it is the only flow in the file. */
  readonly name: string | undefined;
  /** The findings that are not accepted. */
  readonly findings: readonly FlowFinding[];
  readonly accepted: readonly FlowFinding[];
  readonly unknown: FlowReport['unknown'];
  readonly kept: FlowReport['kept'];
  /** Function settings that do not fit the flow. */
  readonly settings: readonly SettingFault[];
}

const colours: Readonly<Record<Severity, Colour>> = { error: 'red', warning: 'yellow', note: 'dim' };
export const severities: readonly Severity[] = ['error', 'warning', 'note'];

/** Describes a flow's findings, what is unknown about it, and where it keeps encrypted inputs. */
export function describeFlow({ name, findings, accepted, unknown, kept, settings }: CheckedFlow): string {
  const quoted = (block: string) => `"${printable(block)}"`;
  return [
    ...(name === undefined ? [] : [coloured('bold', printable(name))]),
    ...findings.map(describeFinding),
    ...settings.map(describeFault),
    ...kept.map(
      ({ attribute, block }) =>
        `kept     the encrypted input of ${quoted(block)} stays in contact attribute ${quoted(attribute)}`,
    ),
    ...unknown.map(({ block, message }) =>
      printable(`unknown  ${block === undefined ? '' : `${quoted(block)}: `}${message}`),
    ),
    ...accepted.map(({ code, block }) => `accepted ${code} in ${quoted(block)}`),
  ].join('\n');
}

function describeFinding({ code, severity, block, way, message, fix }: FlowFinding): string {
  const indent = ' '.repeat(9);
  return [
    `${coloured(colours[severity], severity.padEnd(8))} ${coloured(colours[severity], code)}  ${printable(`"${block}" ${message}`)}.`,
    ...(way.length > 1 ? [`${indent}Path: ${printable(way.join(' > '))}`] : []),
    `${indent}Fix: ${fix}.`,
  ].join('\n');
}

function describeFault({ setting, message, fix }: SettingFault): string {
  return `${coloured('red', 'setting ')} ${coloured('red', setting)}  ${printable(`${setting} ${message}. Fix: ${fix}.`)}`;
}

function countOf(findings: readonly FlowFinding[], severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

/** `2 errors, 1 warning, 0 notes` */
export function countsOf(findings: readonly FlowFinding[]): string {
  return severities
    .map((severity) => {
      const count = countOf(findings, severity);
      return `${count} ${severity}${count === 1 ? '' : 's'}`;
    })
    .join(', ');
}

/** A table with one row for each flow. */
export function tableOf(rows: readonly { readonly type: string; readonly checked: CheckedFlow }[]): string {
  const header = ['flow', 'type', 'errors', 'warnings', 'notes', 'accepted'];
  const cells = rows.map(({ type, checked: { name = '', findings, accepted } }) => [
    ...[name, type],
    ...severities.map((severity) => String(countOf(findings, severity))),
    String(accepted.length),
  ]);
  return table([header, ...cells]);
}
