// Runs in the browser: what is pasted is checked there, and sent nowhere.
import { checkFlow, type FlowFinding, FlowKeysError, type FlowReport, readFlow } from '../../../../src/flow/index.ts';

const input = document.querySelector('textarea');
const output = document.querySelector('output');

input?.addEventListener('input', () => {
  output?.replaceChildren(...elementsOf(input.value));
});

function elementsOf(text: string): readonly HTMLElement[] {
  if (text.trim() === '') return [];
  try {
    return reportElements(checkFlow(readFlow(text)));
  } catch (error) {
    if (error instanceof FlowKeysError) return [row(error.code, [error.message])];
    throw error;
  }
}

function reportElements({ findings, unknown, kept }: FlowReport): readonly HTMLElement[] {
  return [
    ...(findings.length === 0
      ? [row('No findings', ['Key ids are not compared with those of an instance here.'])]
      : []),
    ...findings.map(findingRow),
    ...kept.map(({ attribute, block }) =>
      row('kept', [`The encrypted input of "${block}" stays in contact attribute "${attribute}".`]),
    ),
    ...unknown.map(({ block, message }) => row('unknown', [block === undefined ? message : `"${block}": ${message}`])),
  ];
}

function findingRow({ code, severity, block, way, message, fix }: FlowFinding): HTMLElement {
  const lines = [`"${block}" ${message}.`, ...(way.length > 1 ? [`Path: ${way.join(' > ')}`] : []), `Fix: ${fix}.`];
  const element = row(`${severity}: ${code}`, lines);
  element.className = severity;
  return element;
}

function row(name: string, lines: readonly string[]): HTMLElement {
  const element = document.createElement('p');
  const title = document.createElement('b');
  const text = document.createElement('span');
  title.textContent = name;
  text.textContent = lines.join('\n');
  element.append(title, text);
  return element;
}
