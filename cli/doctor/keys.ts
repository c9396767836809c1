import { createPublicKey, type KeyObject, type X509Certificate } from 'node:crypto';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { privateKeyPath } from '../../adapters/stores/names.ts';
import { holdsPrivateKey } from '../../src/internal.ts';
import { type AwsOptions, clientConfiguration } from '../aws.ts';
import type { SecurityKey } from '../connect/instance.ts';
import { ageOf, belongsTo, daysLeftOf, readCertificate } from '../keys/certificate.ts';
import { isSameKey, privateKeyIn, publicKeyOf } from '../keys/key-pair.ts';
import { reasonOf } from '../proof.ts';
import type { WritableKeyStore } from '../stores/key-store.ts';
import { type Finding, ok, problem, skipped } from './check.ts';

/** Checks that these credentials may read the parameter and decrypt it, which are two permissions. */
export async function checkParameter(keyId: string, prefix: string, options: AwsOptions): Promise<readonly Finding[]> {
  const name = `${prefix}/${privateKeyPath(keyId)}`;
  const { SSMClient, GetParameterCommand } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient(clientConfiguration(options));
  const read = (WithDecryption: boolean) => client.send(new GetParameterCommand({ Name: name, WithDecryption }));
  try {
    const { Parameter: parameter } = await read(false);
    const findings = [parameter?.Type === 'SecureString' ? ok('parameter', name) : inTheClear(name)];
    findings.push(...(await checkParameterKey(name, client, options)));
    await read(true);
    return [...findings, ok('access', 'these credentials may read and decrypt it')];
  } catch (error) {
    return [parameterProblem(name, error)];
  }
}

/** Checks the KMS key of the parameter, if these credentials may list parameters. */
async function checkParameterKey(name: string, client: SSMClient, options: AwsOptions): Promise<readonly Finding[]> {
  const { DescribeParametersCommand } = await import('@aws-sdk/client-ssm');
  try {
    const ParameterFilters = [{ Key: 'Name', Option: 'Equals', Values: [name] }];
    const { Parameters: [described] = [] } = await client.send(new DescribeParametersCommand({ ParameterFilters }));
    return described?.KeyId === undefined ? [] : [await checkKmsKey(described.KeyId, options)];
  } catch (error) {
    return [uncheckedKmsKey('ssm:DescribeParameters', error)];
  }
}

function inTheClear(name: string): Finding {
  const fix = `Store ${name} again as a SecureString: everyone who may list parameters can read a String.`;
  return problem('parameter', `${name} is not a SecureString`, fix);
}

function parameterProblem(name: string, error: unknown): Finding {
  const { name: errorName, message } = error instanceof Error ? error : new Error();
  if (errorName === 'ParameterNotFound') {
    const fix = `Store the private key as ${name} in this account and region, with "flow-keys keys associate".`;
    return problem('parameter', `${name} does not exist`, fix);
  }
  if (/AccessDenied/.test(errorName)) {
    const permission = /kms/i.test(message) ? 'kms:Decrypt on the KMS key of' : 'ssm:GetParameter on';
    return problem('access', 'access is denied', `Allow ${permission} ${name} to these credentials.`);
  }
  const fix = 'Check --region, --profile, the credentials and the network.';
  return problem('access', `the parameter cannot be read: ${errorName}`, fix);
}

async function checkKmsKey(keyId: string, options: AwsOptions): Promise<Finding> {
  const { KMSClient, DescribeKeyCommand } = await import('@aws-sdk/client-kms');
  try {
    const { KeyMetadata: key } = await new KMSClient(clientConfiguration(options)).send(
      new DescribeKeyCommand({ KeyId: keyId }),
    );
    if (key?.KeyState === 'Enabled') return ok('KMS key', `${keyId}, enabled`);
    const fix = `Enable KMS key ${keyId}, or cancel its deletion: without it, the private key cannot be decrypted.`;
    return problem('KMS key', `${keyId} is ${key?.KeyState ?? 'unknown'}`, fix);
  } catch (error) {
    return uncheckedKmsKey('kms:DescribeKey', error);
  }
}

function uncheckedKmsKey(permission: string, error: unknown): Finding {
  const name = error instanceof Error ? error.name : 'error';
  return skipped('KMS key', `${permission} answered ${name}; the check "access" shows whether it decrypts`);
}

export interface KeyFindings {
  readonly findings: readonly Finding[];
  readonly publicKey?: KeyObject;
}

/** Checks that the stored text is an RSA private key, and that it belongs to Connect's public key. */
export async function checkPrivateKey(
  keyId: string,
  vault: WritableKeyStore,
  uploaded: SecurityKey | undefined,
): Promise<KeyFindings> {
  let pem: string | undefined;
  try {
    [pem] = await vault.privateKeys(keyId, {});
  } catch (error) {
    return { findings: [problem('private key', 'the store does not return it', reasonOf(error))] };
  }
  if (pem === undefined) {
    const fix = `Store the private key of key id ${keyId} in ${vault.name}.`;
    return { findings: [problem('private key', `not found in ${vault.name}`, fix)] };
  }
  try {
    const publicKey = createPublicKey(await privateKeyIn(pem, keyId));
    const bits = publicKey.asymmetricKeyDetails?.modulusLength;
    const found = ok('private key', `RSA-${bits}, in ${vault.name}`);
    if (uploaded === undefined) return { findings: [found], publicKey };
    const matches = isSameKey(publicKeyOf(uploaded.publicKey, `Connect's key ${keyId}`), publicKey);
    const fix = `Store the private key that belongs to Connect's public key ${keyId}: the stored one belongs to another key.`;
    const pair = matches
      ? ok('key pair', "the private key belongs to Connect's public key")
      : problem('key pair', "the private key does not belong to Connect's public key", fix);
    return { findings: [found, pair], publicKey };
  } catch (error) {
    return { findings: [problem('private key', 'it cannot be used', reasonOf(error))] };
  }
}

/** Checks that the certificate is valid now, and belongs to the key. */
export function checkCertificate(pem: string | undefined, publicKey: KeyObject | undefined): Finding {
  if (pem === undefined)
    return skipped('certificate', 'there is none in the store; pass --certificate with the one in the flow');
  if (holdsPrivateKey(pem)) {
    const fix =
      'Store only the certificate, and rotate the key with "flow-keys rotate": everyone who may read certificates can read the private key.';
    return problem('certificate', 'it is stored with a private key', fix);
  }
  try {
    const certificate = readCertificate(pem, 'The certificate');
    const fault = certificateFault(certificate, publicKey);
    return fault ? problem('certificate', ...fault) : ok('certificate', `valid for ${daysLeftOf(certificate)} days`);
  } catch (error) {
    return problem('certificate', 'it cannot be read', reasonOf(error));
  }
}

/** What is wrong with a certificate, and how to fix it. */
function certificateFault(
  certificate: X509Certificate,
  publicKey: KeyObject | undefined,
): readonly [detail: string, fix: string] | undefined {
  const age = ageOf(certificate);
  if (age === 'not yet valid') {
    const fix = 'Use a certificate that is valid now: Connect does not encrypt with one that is not yet valid.';
    return [`it becomes valid on ${certificate.validFrom}`, fix];
  }
  if (age === 'expired') {
    const fix = 'Rotate the key with "flow-keys rotate": Connect does not encrypt with an expired certificate.';
    return [`it expired on ${certificate.validTo}`, fix];
  }
  if (publicKey && !belongsTo(certificate, publicKey))
    return ['it belongs to another key', 'Use the certificate of this key in the flow: it has the one of another key.'];
  if (age === 'expiring') {
    const fix = 'Rotate the key with "flow-keys rotate" before the certificate expires.';
    return [`it expires in ${daysLeftOf(certificate)} days`, fix];
  }
  return undefined;
}

/** Checks that Connect has the key. */
export function checkUploaded(keyId: string, keys: readonly SecurityKey[], instanceId: string): Finding {
  const keyIds = keys.map((key) => key.keyId);
  if (keyIds.includes(keyId)) return ok('Connect', `instance ${instanceId} has the key`);
  const fix = `Use a key id in the flow that instance ${instanceId} has (${keyIds.join(' and ') || 'none'}), or check that it is the right instance.`;
  return problem('Connect', `instance ${instanceId} does not have the key`, fix);
}
