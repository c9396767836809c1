import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startParameterStore } from '../demo/parameter-store.ts';
import { parameterName, pem, recordedEvent, recordingNamed, testKeys } from '../test/recordings/recordings.ts';
import { median } from './measure.ts';
import { type ProcessorShare, processorShare } from './processor-share.ts';

const rounds = 15;
const card = recordingNamed('java rsa2048-card-number');

/** What a function with so much memory has of one processor: AWS gives a whole one with 1,769 MB. */
const shares = [
  { memory: 512, share: 0.29 },
  { memory: 1024, share: 0.58 },
];

// What the Lambda runtime has loaded before it loads a function.
const runtimeModules = ['node:http', 'node:https', 'node:crypto', 'node:fs'];

const programs: Readonly<Record<string, string | undefined>> = {
  'bare Node': undefined,
  'the function as it is deployed': '../dist/lambda/index.mjs',
  'the same by hand, unbundled, keys read on every call': 'lambda-by-hand.mjs',
};

interface Figures {
  /** From the process's start until the runtime's modules, the function, and the first answer are there. */
  readonly runtime: number;
  readonly loaded: number;
  readonly answered: number;
  /** Of a further call. */
  readonly perCall: number;
}

/**
 * The cold start of the function, with SSM on loopback.
 *
 * @returns Markdown
 */
export async function benchLambda(): Promise<string> {
  const keys = testKeys.map(
    ({ keyId, privateKeyPkcs8 }) => [parameterName(keyId), pem('PRIVATE KEY', privateKeyPkcs8)] as const,
  );
  const ssm = await startParameterStore(new Map(keys));
  const whole = await measureAll(ssm.endpoint, undefined);
  const limited: string[] = [];
  for (const { memory, share } of shares) {
    const group = processorShare(share);
    if (group === undefined) {
      limited.push(
        `| ${memory} MB (${share}) | not measured: needs a control group of Linux, version 1, and root | | |`,
      );
      continue;
    }
    const figures = (await measureAll(ssm.endpoint, group)).get('the function as it is deployed') ?? [];
    group.remove();
    const first = median(figures.map(({ loaded, answered }) => answered - loaded));
    const further = median(figures.map(({ perCall }) => perCall));
    limited.push(`| ${memory} MB (${share}) | ${first.toFixed(0)} | ${further.toFixed(2)} |`);
  }
  await ssm.stop();
  return `Milliseconds of the Lambda function's cold start, with SSM on loopback. The base is a Node that has loaded ${runtimeModules
    .map((name) => `\`${name}\``)
    .join(', ')}, as the Lambda runtime has. Medians of ${rounds} processes that take turns.

| | base | loading | first call | beyond the base | ratio to bare Node | a further call |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
${coldStarts(whole)}

Lambda loads a function with a whole processor, whatever its memory, and calls it with its share: the process is put into a
control group with that quota once it is loaded.

| memory (share of a processor) | first call | a further call |
| --- | ---: | ---: |
${limited.join('\n')}
`;
}

function coldStarts(measured: ReadonlyMap<string, readonly Figures[]>): string {
  const bare = median(measured.get('bare Node')?.map(({ answered }) => answered) ?? []);
  const rows = Array.from(measured, ([name, figures]) => {
    const of = (part: (each: Figures) => number) => median(figures.map(part));
    if (name === 'bare Node') return `| ${name}, ended at once | ${bare.toFixed(0)} | | | | 1.00 | |`;
    const [base, beyond] = [of(({ runtime }) => runtime), of(({ answered, runtime }) => answered - runtime)];
    const cells = [
      base.toFixed(0),
      of(({ loaded, runtime }) => loaded - runtime).toFixed(0),
      of(({ answered, loaded }) => answered - loaded).toFixed(0),
      beyond.toFixed(0),
      (beyond / bare).toFixed(2),
      of(({ perCall }) => perCall).toFixed(2),
    ];
    return `| ${name} | ${cells.join(' | ')} |`;
  });
  return rows.join('\n');
}

async function measureAll(endpoint: string, group: ProcessorShare | undefined) {
  const measured = new Map(Object.keys(programs).map((name): [string, Figures[]] => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, module] of Object.entries(programs)) {
      if (group !== undefined && name !== 'the function as it is deployed') continue;
      measured.get(name)?.push(await measure(module, endpoint, group));
    }
  }
  return measured;
}

async function measure(
  module: string | undefined,
  endpoint: string,
  group: ProcessorShare | undefined,
): Promise<Figures> {
  const program = module === undefined ? '' : callingProgram(fileURLToPath(new URL(module, import.meta.url)));
  const started = performance.now();
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      EVENT: JSON.stringify(recordedEvent(card)),
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_ENDPOINT_URL: endpoint,
    },
  });
  const exited = once(child, 'exit');
  if (module === undefined) {
    await exited;
    const ended = performance.now() - started;
    return { runtime: ended, loaded: ended, answered: ended, perCall: Number.NaN };
  }
  const output = child.stdio[3];
  if (output === null || output === undefined || !('read' in output)) throw new Error('The program has no output.');
  const times: number[] = [];
  for await (const line of createInterface({ input: output })) {
    times.push(line === 'loaded' || line === 'runtime' ? performance.now() - started : Number(line));
    if (line !== 'loaded') continue;
    group?.limit(child.pid ?? 0);
    child.stdin?.write('go\n');
  }
  // A control group can be removed once its processes are gone.
  await exited;
  const [runtime = Number.NaN, loaded = Number.NaN, first = Number.NaN, perCall = Number.NaN] = times;
  if (Number.isNaN(perCall)) throw new Error('The program did not answer.');
  return { runtime, loaded, answered: loaded + first, perCall };
}

/** It says when the runtime's modules and the function are loaded, how long the first call took, and a further one. */
function callingProgram(module: string): string {
  return `
    ${runtimeModules.map((name) => `import '${name}';`).join('\n')}
    import { readSync, writeSync } from 'node:fs';
    writeSync(3, 'runtime\\n');
    const { handler } = await import(${JSON.stringify(module)});
    const event = JSON.parse(process.env.EVENT);
    const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 8000 };
    const call = async () => {
      const { data } = await handler(event, context);
      if (data.decryptedData !== ${JSON.stringify(card.plaintext)}) process.exit(1);
    };
    writeSync(3, 'loaded\\n');
    readSync(0, new Uint8Array(3));
    const first = performance.now();
    await call();
    writeSync(3, performance.now() - first + '\\n');
    for (let warmUp = 0; warmUp < 50; warmUp += 1) await call();
    const started = performance.now();
    for (let count = 0; count < 100; count += 1) await call();
    writeSync(3, (performance.now() - started) / 100 + '\\n');
    process.exit();
  `;
}
