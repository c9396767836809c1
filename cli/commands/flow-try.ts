import {
  type CallerAct,
  type CallStep,
  type CallTranscript,
  callFlow,
  type FlowDocument,
  type KeyRequest,
} from '../../src/flow/index.ts';
import { readOneFlow } from '../connect/flow/files.ts';
import {
  endpointFunction,
  lambdaFunction,
  localFunction,
  type PlayedFunction,
  playedAnswers,
} from '../connect/flow/functions.ts';
import { encryptAsConnect } from '../connect/simulator.ts';
import { readText } from '../files.ts';
import { ageOf, readCertificate } from '../keys/certificate.ts';
import { CommandError, exitCodes } from '../output/command-error.ts';
import { type Answer, coloured, printable, type Terminal } from '../output/terminal.ts';
import type { KeyStoreOptions } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';

export interface FlowTryOptions extends Omit<KeyStoreOptions, 'store'> {
  /** The keys for each block that takes keys, in order: `4444444444444448#,,hangup`. */
  readonly keys?: string;
  /** The Lambda function to invoke. */
  readonly function?: string;
  /** The HTTP service to call. */
  readonly endpoint?: string;
  readonly tokenFile?: string;
  /** The key store for a handler in this process. */
  readonly store?: string;
  /** A file with the function's answers. */
  readonly answer?: string;
  /** Branches to force: `block=Error`. */
  readonly branch: readonly string[];
}

/** Plays a call through a flow, without a phone. */
export async function tryFlow(path: string, options: FlowTryOptions, terminal: Terminal): Promise<Answer> {
  const flow = readOneFlow(await readText(path, 'the flow'));
  const branches = parseBranches(options.branch, flow);
  const played = await functionOf(options);
  const transcript = await callFlow(flow, {
    pressKeys: callerOf(options.keys, terminal),
    encrypt: encryptWithCertificate,
    async invoke(event, invocation) {
      if (played === undefined) throw noFunction(invocation.block);
      return played(event, invocation);
    },
    chooseBranch: async (action, names) =>
      terminal.ask(`"${action.Identifier}" (${action.Type}) cannot be played. Which branch: ${names.join(', ')}?`),
    forcedBranch: (block) => branches.get(block),
  });
  const hasEnded = ['disconnected', 'flow-ended', 'transferred', 'hung-up'].includes(transcript.end.kind);
  return {
    value: transcript,
    text: describeCall(transcript),
    exitCode: hasEnded ? exitCodes.done : exitCodes.findings,
  };
}

/** Parses `block=Error`. A block's identifier never contains "=". */
function parseBranches(options: readonly string[], { Actions }: FlowDocument): ReadonlyMap<string, string> {
  return new Map(
    options.map((text) => {
      const [, block = '', name = ''] = text.match(/^([^=]+)=(.+)$/) ?? [];
      const action = Actions.find(({ Identifier }) => Identifier === block);
      if (action !== undefined) return [block, name];
      const message = `--branch must be block=branch, such as "Decrypt=Error"; "${text}" names no block of the flow.`;
      throw new CommandError('invalid_option', message);
    }),
  );
}

async function functionOf(options: FlowTryOptions): Promise<PlayedFunction | undefined> {
  const { answer, endpoint, store, tokenFile } = options;
  if ([answer, endpoint, store, options.function].filter((option) => option !== undefined).length > 1)
    throw new CommandError('invalid_option', 'Pass only one of --function, --endpoint, --store and --answer.');
  if (answer !== undefined) return playedAnswers(await readText(answer, 'the answer'));
  if (options.function !== undefined) return lambdaFunction(options.function, options);
  if (endpoint !== undefined) {
    const token = tokenFile === undefined ? undefined : (await readText(tokenFile, 'the token')).trim();
    return endpointFunction(endpoint, token);
  }
  return store === undefined ? undefined : localFunction(await openKeyStore({ ...options, store }));
}

function noFunction(block: string): CommandError {
  const message = `The flow invokes a function at "${block}"; pass --function, --endpoint, --store or --answer.`;
  return new CommandError('invalid_option', message);
}

/** A caller who presses the keys from `--keys`, or those entered at the terminal. */
function callerOf(keys: string | undefined, terminal: Terminal): (request: KeyRequest) => Promise<CallerAct> {
  const waiting = keys?.split(',');
  return async ({ block, prompt }) => {
    const next =
      waiting === undefined ? await terminal.ask(`${prompt} Keys for "${block}" (or "hangup"):`) : waiting.shift();
    if (next === undefined) {
      const message = `"${block}" takes keys, but --keys has no entry left; separate the entries with commas, and leave one empty for silence.`;
      throw new CommandError('invalid_option', message);
    }
    const pressed = next.trim();
    if (pressed === 'hangup') return 'hang-up';
    if (/^[\d#*A-D]*$/.test(pressed)) return { keys: pressed };
    throw new CommandError('invalid_option', `The keys for "${block}" must be 0 to 9, # and *, or "hangup".`);
  };
}

/** Encrypts an input with the certificate in the flow, as Connect does. */
export async function encryptWithCertificate(input: string, keyId: string, pem: string): Promise<string> {
  const certificate = readCertificate(pem, 'The certificate of the flow');
  const age = ageOf(certificate);
  if (age === 'expired' || age === 'not yet valid')
    throw new CommandError('invalid_certificate', `The certificate of the flow is ${age}.`);
  return encryptAsConnect(input, keyId, certificate.publicKey);
}

function describeCall({ steps, end, recorded, logged }: CallTranscript): string {
  return [
    ...steps.map(describeStep),
    `${coloured('bold', `Ended: ${end.kind}`)} at "${printable(end.block)}" (${printable(end.why)})`,
    `Logged: ${logged.length === 0 ? 'nothing' : ''}`.trimEnd(),
    ...logged.map((line) => `  ${printable(line)}`),
    `Recorded while keys were pressed: ${recorded.length === 0 ? 'nothing that the flow switches on' : printable(recorded.join(', '))}`,
  ].join('\n');
}

function describeStep({ block, type, branch, next, said, details, isLogged }: CallStep): string {
  return [
    `${coloured('bold', printable(block))} (${printable(type)})${isLogged ? ' [logged]' : ''}`,
    ...(said === undefined ? [] : [`  says: ${printable(said)}`]),
    ...details.map((detail) => `  ${printable(detail)}`),
    ...(branch === undefined ? [] : [`  ${printable(branch)} > ${printable(next ?? '')}`]),
  ].join('\n');
}
