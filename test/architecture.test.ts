import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { expect, inject, it } from 'vitest';
import { recordedEvent, recordingNamed } from './recordings/recordings.ts';
import { lambdaRunner } from './support/lambda.ts';

const root = new URL('..', import.meta.url);
const page = readFileSync(new URL('docs/architecture.md', root), 'utf8');

// What docs/architecture.md does not list, and what comes after the plaintext.
const isLeftOut = (file: string) =>
  /^src\/(index|internal|errors|deadline|identifiers|aws-crypto\/stand-ins\/.*|connect\/(answer|reveal|card)|decrypt\/record)\.ts$/.test(
    file,
  ) || file === 'adapters/lambda/observe.ts';

/** The functions of ours that ran meanwhile, by file. */
async function functionsRunBy(run: () => Promise<unknown>): Promise<ReadonlyMap<string, readonly string[]>> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  await run();
  const { result } = await session.post('Profiler.takePreciseCoverage');
  session.disconnect();
  const ran = result.map(({ url, functions }): [string, readonly string[]] => [
    url.replace(/^(file:\/\/)?/, '').replace(root.pathname, ''),
    functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0).map(({ functionName }) => functionName),
  ]);
  return new Map(ran.filter(([file, names]) => /^(src|adapters)\//.test(file) && names.length > 0));
}

it.skipIf(process.env['TEST_BUNDLES'] === 'true')(
  'docs/architecture.md lists the files from the entry of the function to the plaintext, and their functions',
  async () => {
    const listed = new Map(
      Array.from(page.matchAll(/^\| `((?:src|adapters)\/[^`]*\.ts)` \| (.*?) \|/gm), ([, file = '', names = '']) => [
        file,
        Array.from(names.matchAll(/`(.*?)`/g), ([, name = '']) => name),
      ]),
    );
    const lambda = await lambdaRunner(inject('ssmEndpoint'), inject('allowedConsumers'));
    const event = JSON.stringify(recordedEvent(recordingNamed('java rsa2048-card-number')));
    const ran = await functionsRunBy(() => lambda.invoke(event));

    // The entry runs while it is loaded.
    const files = new Set(['adapters/lambda/index.ts', ...Array.from(ran.keys()).filter((file) => !isLeftOut(file))]);
    expect(Array.from(listed.keys()).toSorted()).toEqual([...files].toSorted());
    expect(listed.size).toBeLessThanOrEqual(26);
    const absent = Array.from(listed)
      .slice(1)
      .flatMap(([file, names]) => names.filter((name) => !ran.get(file)?.includes(name)));
    expect(absent).toEqual([]);
  },
);
