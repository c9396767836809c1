import { assertKeyId } from '../../src/internal.ts';
import { type AwsOptions, callAws, clientConfiguration, inRegionOf } from '../aws.ts';
import { connectInstance } from '../connect/instance.ts';
import { readKeyFile } from '../files.ts';
import { type CertificateOptions, certificateOfKey, selfSignedCertificate } from '../keys/certificate.ts';
import { type KeyPair, keyPairOf, privateKeyIn } from '../keys/key-pair.ts';
import { decryptedKeyText, type PassphraseOptions } from '../keys/private-key-text.ts';
import { CommandError } from '../output/command-error.ts';
import type { Answer, Terminal } from '../output/terminal.ts';
import { type KeyStoreOptions, storeArguments } from '../stores/key-store.ts';
import { openKeyStore } from '../stores/open.ts';
import { keyIdOf } from './keys-associate.ts';

export interface KeysImportOptions extends KeyStoreOptions, CertificateOptions, PassphraseOptions {
  /** The instance in which to look up the key id, by the public key. */
  readonly instance?: string;
  readonly keyId?: string;
  /** What the source is. */
  readonly from: 'file' | 'ssm' | 'secrets-manager';
  /** The certificate in the flow. Without it, a new one is created. */
  readonly certificate?: string;
}

/** Stores an existing private key under the key id that Connect has for its public key. Does not change the source. */
export async function importKey(source: string, options: KeysImportOptions, terminal: Terminal): Promise<Answer> {
  const given = await terminal.during('Reading the private key', readSource(source, options));
  const text = await decryptedKeyText(given, options, terminal);
  const pair = keyPairOf(await privateKeyIn(text, source === '-' ? 'standard input' : source));
  const keyId = options.keyId ?? (await keyIdFor(pair.publicKey, options, terminal));
  assertKeyId(keyId);
  const vault = await openKeyStore(options);
  const certificate = await certificateFor(pair, options, terminal, await vault.certificate(keyId));
  await terminal.during(`Storing the private key in ${vault.name}`, vault.store(keyId, { ...pair, ...certificate }));
  const made = certificate.isMade
    ? '\nA new certificate was stored with it. To watch when the certificate in the flow expires, pass that one with --certificate.'
    : '';
  return {
    value: { keyId, store: vault.name, madeCertificate: certificate.isMade },
    quiet: keyId,
    text: `key id  ${keyId}\nThe private key is in ${vault.name}; ${source} was not changed. Check the key: flow-keys doctor --key-id ${keyId}${storeArguments(options)}${made}`,
  };
}

async function keyIdFor(publicKey: string, options: KeysImportOptions, terminal: Terminal): Promise<string> {
  if (options.instance === undefined)
    throw new CommandError('invalid_option', 'Pass --instance, to look up the key id by the public key, or --key-id.');
  const instance = await connectInstance(options.instance, options);
  const keys = await terminal.during('Reading the security keys', instance.securityKeys());
  const keyId = keyIdOf(publicKey, keys);
  if (keyId !== undefined) return keyId;
  const held = keys.length === 0 ? 'no keys' : `only ${keys.map((key) => key.keyId).join(' and ')}`;
  const message = `Instance ${instance.id} does not have the public key of this private key; it has ${held}. Check the source and the instance, or upload a new key with "flow-keys keys associate".`;
  throw new CommandError('conflict', message);
}

async function certificateFor(
  pair: KeyPair,
  options: KeysImportOptions,
  terminal: Terminal,
  stored: string | undefined,
): Promise<{ readonly certificate: string; readonly isMade: boolean }> {
  const given = options.certificate === undefined ? stored : await readKeyFile(options.certificate, 'the certificate');
  if (given === undefined) return { certificate: await selfSignedCertificate(pair.privateKey, options), isMade: true };
  return { certificate: certificateOfKey(given, pair, terminal), isMade: false };
}

async function readSource(source: string, options: KeysImportOptions): Promise<string> {
  if (options.from === 'file') return readKeyFile(source, 'the private key');
  return options.from === 'ssm' ? readParameter(source, options) : readSecret(source, options);
}

async function readParameter(name: string, options: AwsOptions): Promise<string> {
  const { SSMClient, GetParameterCommand } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient(clientConfiguration(inRegionOf(name, options)));
  const { Parameter: parameter } = await callAws(
    `read parameter ${name}`,
    'ssm:GetParameter, and kms:Decrypt on its KMS key,',
    () => client.send(new GetParameterCommand({ Name: name, WithDecryption: true })),
  );
  return parameter?.Value ?? '';
}

async function readSecret(name: string, options: AwsOptions): Promise<string> {
  const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient(clientConfiguration(inRegionOf(name, options)));
  const secret = await callAws(
    `read secret ${name}`,
    'secretsmanager:GetSecretValue, and kms:Decrypt on its KMS key,',
    () => client.send(new GetSecretValueCommand({ SecretId: name })),
  );
  return secret.SecretString ?? new TextDecoder().decode(secret.SecretBinary);
}
