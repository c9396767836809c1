import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startParameterStore } from '../demo/parameter-store.ts';
import { parameterName, pem, recordedEvent, recordingNamed, testKeys } from '../test/recordings/recordings.ts';
import { median } from './measure.ts';

const rounds = 11;
const card = recordingNamed('java rsa2048-card-number');

/** A program that is told its event, says when it has answered, and then the milliseconds of a further call. */
const programs: Readonly<Record<string, string | undefined>> = {
  'plain Node': undefined,
  'the function as it is deployed': '../dist/lambda/index.mjs',
  'the same by hand, unbundled, keys read on every call': 'lambda-by-hand.mjs',
};

interface Figures {
  readonly firstAnswer: number;
  readonly perCall: number;
}

/** From the process's start to its first answer, and a call after that, with SSM on loopback. */
export async function benchLambda(): Promise<void> {
  const keys = testKeys.map(
    ({ keyId, privateKeyPkcs8 }) => [parameterName(keyId), pem('PRIVATE KEY', privateKeyPkcs8)] as const,
  );
  const ssm = await startParameterStore(new Map(keys));
  const measured = new Map(Object.keys(programs).map((name): [string, Figures[]] => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, module] of Object.entries(programs))
      measured.get(name)?.push(await measure(module, ssm.endpoint));
  }
  await ssm.stop();

  const plain = median(measured.get('plain Node')?.map(({ firstAnswer }) => firstAnswer) ?? []);
  const perCall = (name: string) => median(measured.get(name)?.map((figures) => figures.perCall) ?? []);
  const ours = perCall('the function as it is deployed');
  console.log(`The Lambda function: milliseconds from the process's start to the first answer, in brackets the ratio to a start of Node that does nothing;
then those of a further call, in brackets the ratio to the function's. Medians of ${rounds} processes that take turns; SSM is on loopback.

| | first answer | a further call |
| --- | ---: | ---: |`);
  for (const [name, figures] of measured) {
    const first = median(figures.map(({ firstAnswer }) => firstAnswer));
    const call = Number.isNaN(perCall(name))
      ? ''
      : `${perCall(name).toFixed(2)} (${(perCall(name) / ours).toFixed(1)})`;
    console.log(`| ${name} | ${first.toFixed(0)} (${(first / plain).toFixed(2)}) | ${call} |`);
  }
  console.log();
}

async function measure(module: string | undefined, endpoint: string): Promise<Figures> {
  const program = module === undefined ? '' : callingProgram(fileURLToPath(new URL(module, import.meta.url)));
  const started = performance.now();
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      EVENT: JSON.stringify(recordedEvent(card)),
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'bench',
      AWS_SECRET_ACCESS_KEY: 'bench',
      AWS_ENDPOINT_URL: endpoint,
    },
  });
  if (module === undefined) {
    await once(child, 'exit');
    return { firstAnswer: performance.now() - started, perCall: Number.NaN };
  }
  const output = child.stdio[3];
  if (output === null || output === undefined || !('read' in output)) throw new Error('The program has no output.');
  let firstAnswer = Number.NaN;
  let perCall = Number.NaN;
  for await (const line of createInterface({ input: output })) {
    if (Number.isNaN(firstAnswer)) firstAnswer = performance.now() - started;
    else perCall = Number(line);
  }
  if (Number.isNaN(perCall)) throw new Error('The program did not answer.');
  return { firstAnswer, perCall };
}

function callingProgram(module: string): string {
  return `
    import { writeSync } from 'node:fs';
    const { handler } = await import(${JSON.stringify(module)});
    const event = JSON.parse(process.env.EVENT);
    const context = { awsRequestId: 'bench', getRemainingTimeInMillis: () => 8000 };
    const call = async () => {
      const { data } = await handler(event, context);
      if (data.decryptedData !== ${JSON.stringify(card.plaintext)}) process.exit(1);
    };
    await call();
    writeSync(3, 'answered\\n');
    for (let warmUp = 0; warmUp < 50; warmUp += 1) await call();
    const started = performance.now();
    for (let count = 0; count < 100; count += 1) await call();
    writeSync(3, (performance.now() - started) / 100 + '\\n');
    process.exit();
  `;
}
