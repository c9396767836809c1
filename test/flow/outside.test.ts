import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { checkFlow, type FlowDocument, readFlow } from 'flow-security-keys/flow';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EditableFlow, flowOfTwoWays } from '../support/flows.ts';
import { certificate, makeCertificates, plants } from '../support/planted-faults.ts';
import { connectFlow, python } from '../support/python.ts';
import { readCases } from '../support/shared-data.ts';
import { writtenFlows } from '../support/written.ts';

// Compares our findings on a flow's structure with those of other tools.

const run = promisify(execFile);
const isInstalled = existsSync(connectFlow);
if (!isInstalled && process.env['CI'] === 'true')
  throw new Error('CI needs the Python tools: bash test/install-tools.sh');

/** Both need the editor's position of each block. */
function drawn(flow: FlowDocument | EditableFlow): object {
  const positions = flow.Actions.map(({ Identifier }, index) => [Identifier, { position: { x: index * 200, y: 0 } }]);
  return {
    ...flow,
    Metadata: { entryPointPosition: { x: 0, y: 0 }, ActionMetadata: Object.fromEntries(positions) },
  };
}

/** The flow in a file; `undefined` for templates and UTF-16. */
function flowIn(text: string): FlowDocument | undefined {
  try {
    return readFlow(text);
  } catch {
    return undefined;
  }
}

describe.skipIf(!isInstalled)('Checkers by others', () => {
  const flows = new Map<string, FlowDocument | EditableFlow>();
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outside-'));
    await makeCertificates();
    for (const { name, flow } of writtenFlows()) flows.set(name, flow);
    flows.set('two-ways', flowOfTwoWays(certificate));
    for (const [code, plant] of Object.entries(plants)) {
      // They cannot read a flow without a start, and have no limit for the number of blocks.
      if (code === 'start_missing' || code === 'too_many_blocks') continue;
      const flow = flowOfTwoWays(certificate);
      plant(flow, 'last');
      flows.set(code, flow);
    }
    for (const { name, base64 } of readCases() ?? []) {
      if (!/^0[25-8]\w-flow/.test(name)) continue;
      const flow = flowIn(Buffer.from(base64, 'base64').toString('utf8'));
      if (flow !== undefined) flows.set(name, flow);
    }
    for (const [name, flow] of flows) await writeFile(join(folder, `${name}.json`), JSON.stringify(drawn(flow)));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const paths = () => Array.from(flows.keys(), (name) => join(folder, `${name}.json`));
  const found = (flow: FlowDocument | EditableFlow, code: string) =>
    checkFlow(flow)
      .findings.filter((finding) => finding.code === code)
      .map(({ block }) => block);

  it('connect-flow finds the same dangling branches and unreachable blocks', async () => {
    // It exits with an error if it has warnings.
    const linted = run(connectFlow, ['--json', 'lint', ...paths()], { maxBuffer: 2 ** 26 });
    const { stdout } = await linted.catch((failure: { readonly stdout: string }) => failure);
    const files: readonly { readonly ok: boolean; readonly warnings: readonly string[] }[] = JSON.parse(stdout).files;
    const listed = new Set<string>();
    for (const [index, [name, flow]] of [...flows].entries()) {
      const { ok, warnings = [] } = files[index] ?? {};
      expect([name, ok]).toEqual([name, true]);
      const blocksOf = (kind: string) =>
        warnings.filter((warning) => warning.startsWith(`${kind}:`)).map((warning) => warning.match(/'([^']*)'/)?.[1]);
      expect([name, blocksOf('dangling_transition')]).toEqual([name, found(flow, 'dangling_branch')]);
      expect([name, blocksOf('unreachable')]).toEqual([name, found(flow, 'unreachable_block')]);
      for (const warning of warnings) listed.add(warning.split(':')[0] ?? '');
    }
    // What else it reports.
    expect([...listed].toSorted()).toEqual(['dangling_transition', 'unreachable']);
  });

  it('cxblueprint reads every block, and finds the same unreachable ones', async () => {
    const script = fileURLToPath(new URL('blueprint.py', import.meta.url));
    const { stdout } = await run(python, [script, ...paths()], { maxBuffer: 2 ** 26 });
    const report: Readonly<
      Record<
        string,
        {
          readonly refused?: string;
          readonly blocks: readonly string[];
          readonly unreachable: readonly string[];
          readonly unhandled: Readonly<Record<string, readonly string[]>>;
        }
      >
    > = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    const listed = new Set<string>();
    for (const [name, flow] of flows) {
      const { refused, blocks, unreachable, unhandled = {} } = report[join(folder, `${name}.json`)] ?? {};
      // The only limit that it checks.
      expect([name, refused !== undefined]).toEqual([name, name === 'lambda_limit']);
      if (refused !== undefined) continue;
      expect([name, blocks]).toEqual([name, flow.Actions.map(({ Identifier }) => Identifier)]);
      expect([name, unreachable]).toEqual([name, found(flow, 'unreachable_block')]);
      for (const error of Object.values(unhandled).flat()) listed.add(error);
    }
    // AWS requires the first two only if the input is not stored; NoMatchingError is one of our findings, too.
    expect([...listed].toSorted()).toEqual(['InputTimeLimitExceeded', 'NoMatchingCondition', 'NoMatchingError']);
  });
});
