import { FlowKeysError } from '../../src/index.ts';
import { assertKeyId } from '../../src/internal.ts';
import { type AwsOptions, callAws, clientConfiguration } from '../aws.ts';
import { connectInstance } from '../connect/instance.ts';
import { readKeyFile } from '../files.ts';
import { readPublicCertificate, selfSignedCertificate } from '../keys/certificate.ts';
import { keyPairOf, privateKeyIn } from '../keys/key-pair.ts';
import { decryptedKeyText, type PassphraseOptions } from '../keys/private-key-text.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import type { KeyStoreOptions } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';
import { keyIdOf } from './keys-associate.ts';

export interface KeysImportOptions extends KeyStoreOptions, PassphraseOptions {
  /** Where the key id is looked for, by the public key. */
  readonly instance?: string;
  readonly keyId?: string;
  /** The certificate of the key; by default a new one is made. */
  readonly certificate?: string;
  readonly subject: string;
  readonly days: number;
}

/** Takes a private key from wherever it is, and stores it under the key id that Connect has for it. */
export async function importKey(source: string, options: KeysImportOptions, terminal: Terminal): Promise<Answer> {
  const { keyId: given, instance, certificate: path } = options;
  if ((given === undefined) === (instance === undefined)) {
    const message = 'Pass --instance, where the key id is found by the public key, or --key-id.';
    throw new CommandError('invalid_option', message);
  }
  if (given !== undefined) assertKeyId(given);
  const text = await decryptedKeyText(await textOf(source, options), options, terminal);
  const pair = keyPairOf(await privateKeyIn(text, source === '-' ? 'standard input' : source));
  const keyId = given ?? (await keyIdFor(pair.publicKey, instance ?? '', options));
  const certificate =
    path === undefined
      ? await selfSignedCertificate(pair.privateKey, options)
      : readPublicCertificate(await readKeyFile(path, 'the certificate'), 'The certificate', terminal).toString();
  const vault = await openKeyStore(options);
  const stored = path === undefined ? ((await vault.certificate(keyId)) ?? certificate) : certificate;
  await terminal.during(
    `Storing the private key in ${vault.name}`,
    vault.store(keyId, { privateKey: pair.privateKey, certificate: stored }),
  );
  return {
    value: { keyId, store: vault.name },
    text: `key id  ${keyId}\nThe private key is in ${vault.name}, with a certificate. Where it came from it may be removed, once "flow-keys doctor --key-id ${keyId}" finds nothing to mend.`,
  };
}

async function keyIdFor(publicKey: string, instance: string, options: AwsOptions): Promise<string> {
  const connect = await connectInstance(instance, options);
  const keyId = keyIdOf(publicKey, await connect.securityKeys());
  if (keyId !== undefined) return keyId;
  const message = `Instance ${connect.id} does not hold the public key of this private key; upload it with "flow-keys keys associate", which stores the private key, too.`;
  throw new FlowKeysError('unknown_key', message);
}

/** A file, `-`, `ssm:NAME` of a parameter, or `secret:NAME` of a secret. */
async function textOf(source: string, options: AwsOptions): Promise<string> {
  const [, kind, name = ''] = source.match(/^(ssm|secret):(.+)$/) ?? [];
  if (kind === 'ssm') return parameterText(name, options);
  return kind === 'secret' ? secretText(name, options) : readKeyFile(source, 'the private key');
}

async function parameterText(name: string, options: AwsOptions): Promise<string> {
  const { SSMClient, GetParameterCommand } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient(clientConfiguration(options));
  const command = new GetParameterCommand({ Name: name, WithDecryption: true });
  const { Parameter } = await callAws(
    `read parameter ${name}`,
    'ssm:GetParameter, and kms:Decrypt on its KMS key,',
    () => client.send(command),
  );
  return Parameter?.Value ?? '';
}

async function secretText(name: string, options: AwsOptions): Promise<string> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient(clientConfiguration(options));
  const { SecretString = '' } = await callAws(`read secret ${name}`, 'secretsmanager:GetSecretValue', () =>
    client.send(new GetSecretValueCommand({ SecretId: name })),
  );
  return SecretString;
}
