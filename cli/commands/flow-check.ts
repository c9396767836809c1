import type { AwsOptions } from '../aws.ts';
import { checkFlow, type UploadedKeys } from '../connect/flow/check.ts';
import { parseFlow } from '../connect/flow/language.ts';
import { connectInstance } from '../connect/instance.ts';
import { readText } from '../files.ts';
import { publicKeyOf } from '../keys/key-pair.ts';
import { CommandError, exitCodes } from '../output/command-error.ts';
import { type Answer, coloured, printable, type Terminal } from '../output/terminal.ts';

export interface FlowCheckOptions extends AwsOptions {
  /** Compare key ids and certificates with those of the instance. */
  readonly instance?: string;
  /** The id of a flow of the instance, instead of a file. */
  readonly flow?: string;
}

/** Checks an exported flow, or one of the instance. */
export async function checkContactFlow(
  path: string | undefined,
  options: FlowCheckOptions,
  terminal: Terminal,
): Promise<Answer> {
  const instance = options.instance === undefined ? undefined : await connectInstance(options.instance, options);
  if ((path === undefined) === (options.flow === undefined) || (options.flow !== undefined && !instance)) {
    throw new CommandError('invalid_option', 'Pass a file, or --instance and --flow with the id of one of its flows.');
  }
  const read =
    path === undefined ? instance?.flow(options.flow ?? '').then(({ content }) => content) : readText(path, 'the flow');
  const text = await terminal.during('Reading the flow', read ?? Promise.resolve(''));
  const uploaded = instance && (await terminal.during('Reading the security keys', uploadedKeys(instance)));
  const findings = checkFlow(parseFlow(text), uploaded);
  return {
    value: { findings, comparedWithInstance: instance !== undefined },
    text:
      findings.length === 0
        ? `${coloured('green', 'No findings')}${instance ? '' : '; with --instance, key ids and certificates are compared with those of Connect'}.`
        : findings
            .map(
              ({ code, action, message }) => `${coloured('red', code)}  "${printable(action)}" ${printable(message)}.`,
            )
            .join('\n'),
    exitCode: findings.length === 0 ? exitCodes.done : exitCodes.findings,
  };
}

async function uploadedKeys(instance: Awaited<ReturnType<typeof connectInstance>>): Promise<UploadedKeys> {
  const keys = await instance.securityKeys();
  return new Map(keys.map(({ keyId, publicKey }) => [keyId, publicKeyOf(publicKey, `Connect's key ${keyId}`)]));
}
