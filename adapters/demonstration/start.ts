import { once } from 'node:events';
import { parseArgs } from 'node:util';
import {
  articleRecording,
  isUnsigned,
  parameterName,
  pem,
  recordedEvent,
  recordings,
  testKeys,
} from '../../test/recordings/recordings.ts';
import { startParameterStore } from './parameter-store.ts';
import { type Runtime, startLambda, startWorker, type TimedAnswer } from './runtimes.ts';

const { values: options } = parseArgs({
  options: { once: { type: 'boolean', default: false }, port: { type: 'string', default: '8787' } },
});
const port = Number(options.port);

const parameters = new Map(
  testKeys.map(({ keyId, privateKeyPkcs8 }) => [parameterName(keyId), pem('PRIVATE KEY', privateKeyPkcs8)]),
);
const parameterStore = await startParameterStore(parameters);
const lambda = startLambda(parameterStore.endpoint);
const worker = await startWorker(port);

const isAgreed = await printComparison();
if (!options.once) await serve();

await Promise.all([worker.stop(), lambda.stop()]);
await parameterStore.stop();
process.exitCode = isAgreed ? 0 : 1;

async function printComparison(): Promise<boolean> {
  console.log('The same ContactFlowEvents, decrypted by the Lambda handler on Node and by the HTTP worker on workerd;');
  console.log("milliseconds are the middle ones of five calls, over HTTP with the time of wrangler's proxy.\n");
  console.log(row('recording', 'Lambda handler', 'ms', 'HTTP worker', 'ms', 'answers'));
  console.log(row('---', '---', '---:', '---', '---:', '---'));
  let isAgreed = true;
  for (const recording of recordings) {
    const expected = isUnsigned(recording) ? 'unsupported_message' : recording.plaintext;
    isAgreed = (await compare(recording.name, recordedEvent(recording), expected)) && isAgreed;
  }
  isAgreed =
    (await compare('Amazon Connect, key unpublished', recordedEvent(articleRecording), 'unknown_key')) && isAgreed;
  console.log(isAgreed ? '\nBoth runtimes gave the same answers, byte for byte.' : '\nThe runtimes do not agree.');
  return isAgreed;
}

async function serve(): Promise<void> {
  const body = JSON.stringify({ ciphertext: recordings[0]?.ciphertext });
  console.log(`
Serving at http://127.0.0.1:${port} with the demonstration keys, until Ctrl-C. Try:

  curl http://127.0.0.1:${port}/v1/decrypt -H 'content-type: application/json' -d '${body}'
`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

async function compare(name: string, event: unknown, expected: string): Promise<boolean> {
  const [fromLambda, fromWorker] = [await median(lambda, event), await median(worker, event)];
  const outcomes = [outcomeOf(fromLambda.answer), outcomeOf(fromWorker.answer)] as const;
  const isSame = fromLambda.answer === fromWorker.answer && outcomes[0] === expected;
  const times = [fromLambda.milliseconds.toFixed(1), fromWorker.milliseconds.toFixed(1)] as const;
  console.log(
    row(name, shorten(outcomes[0]), times[0], shorten(outcomes[1]), times[1], isSame ? 'equal' : 'DIFFERENT'),
  );
  return isSame;
}

/** The middle one of five calls. */
async function median(runtime: Runtime, event: unknown): Promise<TimedAnswer> {
  const answers: TimedAnswer[] = [];
  for (let call = 0; call < 5; call += 1) answers.push(await runtime.invoke(event, 'demonstration'));
  const middle = answers.sort((left, right) => left.milliseconds - right.milliseconds)[2];
  if (middle === undefined) throw new Error(`The ${runtime.name} gave no answer.`);
  return middle;
}

/** The decrypted text, or the error's code. */
function outcomeOf(answer: string): string {
  const { data, error }: { data: { decryptedData?: string }; error?: string } = JSON.parse(answer);
  return data.decryptedData ?? error?.split(':')[0] ?? '';
}

function shorten(text: string): string {
  if (text === '') return '(empty)';
  return text.length <= 20 ? text : `${text.slice(0, 8)}… (${text.length} characters)`;
}

function row(...cells: readonly string[]): string {
  const widths = [31, 27, 5, 27, 5, 9];
  return `| ${cells.map((cell, index) => (index === 2 || index === 4 ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0))).join(' | ')} |`;
}
