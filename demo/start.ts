import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import {
  articleRecording,
  isRefused,
  parameterName,
  pem,
  recordedEvent,
  recordings,
  testKeys,
} from '../test/recordings/recordings.ts';
import { writeKeyDirectory } from './key-directory.ts';
import { startParameterStore } from './parameter-store.ts';
import { type Runtime, startLambda, startNodeServer, startWorker, type TimedAnswer } from './runtimes.ts';

const { values: options } = parseArgs({
  options: { once: { type: 'boolean', default: false }, port: { type: 'string', default: '8787' } },
});
const port = Number(options.port);
if (!(await isFree(port))) {
  console.error(`Port ${port} is in use. Pass another one: npm start -- --port ${port + 1}`);
  process.exit(1);
}

const pems = new Map(testKeys.map(({ keyId, privateKeyPkcs8 }) => [keyId, pem('PRIVATE KEY', privateKeyPkcs8)]));
const directory = await writeKeyDirectory(pems);
const parameterStore = await startParameterStore(
  new Map(Array.from(pems, ([keyId, text]) => [parameterName(keyId), text])),
);
const runtimes = [
  startLambda(parameterStore.endpoint),
  await startWorker(port),
  await startNodeServer(directory),
] as const;

const isAgreed = await printComparison();
if (!options.once) await serve();

await Promise.all(runtimes.map((runtime) => runtime.stop()));
await parameterStore.stop();
await rm(directory, { recursive: true });
process.exitCode = isAgreed ? 0 : 1;

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  const isListening = await once(server, 'listening').then(
    () => true,
    () => false,
  );
  server.close();
  return isListening;
}

async function printComparison(): Promise<boolean> {
  console.log(
    'The same ContactFlowEvents, decrypted by the Lambda handler and by the HTTP service on workerd and on Node.',
  );
  console.log("Milliseconds are the median of five calls; those on workerd include wrangler's proxy.\n");
  console.log(row('recording', ...runtimes.flatMap(({ name }) => [name, 'ms']), 'answers'));
  console.log(row('---', ...runtimes.flatMap(() => ['---', '---:']), '---'));
  let isAgreed = true;
  for (const recording of recordings) {
    const expected = isRefused(recording) ? 'unsupported_message' : recording.plaintext;
    isAgreed = (await compare(recording.name, recordedEvent(recording), expected)) && isAgreed;
  }
  isAgreed =
    (await compare('Amazon Connect, key unpublished', recordedEvent(articleRecording), 'unknown_key')) && isAgreed;
  console.log(isAgreed ? '\nAll responses are the same, byte for byte.' : '\nThe responses differ.');
  return isAgreed;
}

async function serve(): Promise<void> {
  const body = JSON.stringify({ ciphertext: recordings[0]?.ciphertext });
  console.log(`
Serving at http://127.0.0.1:${port} with test keys; http://127.0.0.1:${port}/docs documents the routes. Stop with Ctrl-C. Try:

  curl http://127.0.0.1:${port}/v1/decrypt -H 'content-type: application/json' -d '${body}'
`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

async function compare(name: string, event: unknown, expected: string): Promise<boolean> {
  const answers: TimedAnswer[] = [];
  for (const runtime of runtimes) answers.push(await median(runtime, event));
  const [first] = answers;
  const isSame = answers.every(({ answer }) => answer === first?.answer && outcomeOf(answer) === expected);
  const cells = answers.flatMap(({ answer, milliseconds }) => [shorten(outcomeOf(answer)), milliseconds.toFixed(1)]);
  console.log(row(name, ...cells, isSame ? 'equal' : 'DIFFERENT'));
  return isSame;
}

/** The median of five calls. */
async function median(runtime: Runtime, event: unknown): Promise<TimedAnswer> {
  const answers: TimedAnswer[] = [];
  for (let call = 0; call < 5; call += 1) answers.push(await runtime.invoke(event, 'demonstration'));
  const middle = answers.sort((left, right) => left.milliseconds - right.milliseconds)[2];
  if (middle === undefined) throw new Error(`The ${runtime.name} did not respond.`);
  return middle;
}

/** The decrypted text, or the error's code. */
function outcomeOf(answer: string): string {
  const { data, code }: { data: { decryptedData?: string }; code?: string } = JSON.parse(answer);
  return data.decryptedData ?? code ?? '';
}

function shorten(text: string): string {
  if (text === '') return '(empty)';
  return text.length <= 20 ? text : `${text.slice(0, 8)}… (${text.length} characters)`;
}

function row(...cells: readonly string[]): string {
  const widths = [31, 27, 5, 27, 5, 27, 5, 9];
  const isTime = (index: number) => widths[index] === 5;
  const padded = cells.map((cell, index) =>
    isTime(index) ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0),
  );
  return `| ${padded.join(' | ')} |`;
}
