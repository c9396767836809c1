import { createPublicKey, type KeyObject } from 'node:crypto';
import type { SSMClient } from '@aws-sdk/client-ssm';
import { holdsPrivateKey } from '../../src/internal.ts';
import type { AwsOptions } from '../aws.ts';
import { clientConfiguration } from '../aws.ts';
import type { SecurityKey } from '../connect/instance.ts';
import { ageOf, belongsTo, daysLeftOf, readCertificate } from '../keys/certificate.ts';
import { isSameKey, privateKeyIn, publicKeyOf } from '../keys/key-pair.ts';
import { reasonOf } from '../proof.ts';
import type { WritableKeyStore } from '../stores/key-store.ts';
import { type Finding, ok, problem, skipped } from './check.ts';

/** Whether these credentials may read the parameter, and decrypt it: the one without the other is a common mistake. */
export async function checkParameter(keyId: string, prefix: string, options: AwsOptions): Promise<readonly Finding[]> {
  const name = `${prefix}/${keyId}/private-key`;
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

/** The KMS key that the parameter names, for whoever may list parameters. */
async function checkParameterKey(name: string, client: SSMClient, options: AwsOptions): Promise<readonly Finding[]> {
  const { DescribeParametersCommand } = await import('@aws-sdk/client-ssm');
  try {
    const ParameterFilters = [{ Key: 'Name', Option: 'Equals', Values: [name] }];
    const { Parameters: [described] = [] } = await client.send(new DescribeParametersCommand({ ParameterFilters }));
    return described?.KeyId === undefined ? [] : [await checkKmsKey(described.KeyId, options)];
  } catch (error) {
    const errorName = error instanceof Error ? error.name : 'error';
    return [skipped('KMS key', `ssm:DescribeParameters answered ${errorName}; whether it decrypts is seen below`)];
  }
}

function inTheClear(name: string): Finding {
  const mend = `Store ${name} again as a SecureString: as a String, everyone who may list parameters can read it.`;
  return problem('parameter', `${name} is no SecureString`, mend);
}

function parameterProblem(name: string, error: unknown): Finding {
  const errorName = error instanceof Error ? error.name : '';
  if (errorName === 'ParameterNotFound') {
    const mend = `Store the private key as ${name} in this account and region: "flow-keys keys associate" does.`;
    return problem('parameter', `there is no ${name}`, mend);
  }
  if (/AccessDenied/.test(errorName)) {
    const isKms = error instanceof Error && /kms/i.test(error.message);
    const permission = isKms ? 'kms:Decrypt on the KMS key of' : 'ssm:GetParameter on';
    return problem('access', 'access is denied', `Allow ${permission} ${name} to these credentials.`);
  }
  const mend = 'Check --region, --profile, the credentials and the network.';
  return problem('access', `AWS did not answer: ${errorName || 'unknown error'}`, mend);
}

async function checkKmsKey(keyId: string, options: AwsOptions): Promise<Finding> {
  const { KMSClient, DescribeKeyCommand } = await import('@aws-sdk/client-kms');
  try {
    const { KeyMetadata: key } = await new KMSClient(clientConfiguration(options)).send(
      new DescribeKeyCommand({ KeyId: keyId }),
    );
    if (key?.KeyState === 'Enabled') return ok('KMS key', `${keyId}, enabled`);
    const mend = `Enable KMS key ${keyId}, or cancel its deletion: without it the private key cannot be decrypted.`;
    return problem('KMS key', `${keyId} is ${key?.KeyState ?? 'unknown'}`, mend);
  } catch (error) {
    const name = error instanceof Error ? error.name : 'error';
    return skipped('KMS key', `kms:DescribeKey answered ${name}; whether it decrypts is seen below`);
  }
}

export interface KeyFindings {
  readonly findings: readonly Finding[];
  readonly publicKey?: KeyObject;
}

/** Whether what is stored is an RSA private key, and the one that belongs to Connect's public key. */
export async function checkPrivateKey(
  keyId: string,
  vault: WritableKeyStore,
  uploaded: SecurityKey | undefined,
): Promise<KeyFindings> {
  let pem: string | undefined;
  try {
    [pem] = await vault.privateKeys(keyId, {});
  } catch (error) {
    return { findings: [problem('private key', 'the store does not give it', `${reasonOf(error)}`)] };
  }
  if (pem === undefined) {
    const mend = `Store the private key of key id ${keyId}: there is none in ${vault.name}.`;
    return { findings: [problem('private key', `there is none in ${vault.name}`, mend)] };
  }
  try {
    const publicKey = createPublicKey(await privateKeyIn(pem, keyId));
    const bits = publicKey.asymmetricKeyDetails?.modulusLength;
    const found = ok('private key', `RSA-${bits}, in ${vault.name}`);
    if (uploaded === undefined) return { findings: [found], publicKey };
    const matches = isSameKey(publicKeyOf(uploaded.publicKey, `Connect's key ${keyId}`), publicKey);
    const mend = `Store the private key that belongs to Connect's public key ${keyId}: the stored one is another's.`;
    const pair = matches
      ? ok('key pair', "the private key belongs to Connect's public key")
      : problem('key pair', "the private key does not belong to Connect's public key", mend);
    return { findings: [found, pair], publicKey };
  } catch (error) {
    return { findings: [problem('private key', 'it cannot be used', reasonOf(error))] };
  }
}

/** Whether the certificate is in date, and belongs to the key. */
export function checkCertificate(pem: string | undefined, publicKey: KeyObject | undefined): Finding {
  if (pem === undefined)
    return skipped('certificate', 'there is none in the store; pass --certificate with the one of the flow');
  if (holdsPrivateKey(pem)) {
    return problem(
      'certificate',
      'it stands beside a private key',
      'Store the certificate alone and rotate the key with "flow-keys rotate": certificates are public, and with it the private key.',
    );
  }
  try {
    const certificate = readCertificate(pem, 'The certificate');
    const left = daysLeftOf(certificate);
    if (ageOf(certificate) === 'not yet valid') {
      return problem(
        'certificate',
        `it begins on ${certificate.validFrom}`,
        'Give the flow a certificate that is valid now: Connect does not encrypt with one of the future.',
      );
    }
    if (ageOf(certificate) === 'expired') {
      return problem(
        'certificate',
        `it ended on ${certificate.validTo}`,
        'Rotate with "flow-keys rotate": Connect does not encrypt with an expired certificate.',
      );
    }
    if (publicKey && !belongsTo(certificate, publicKey)) {
      return problem(
        'certificate',
        'it is of another key',
        'Give the flow the certificate of this key: it is of another one.',
      );
    }
    if (ageOf(certificate) === 'expiring')
      return problem(
        'certificate',
        `it ends in ${left} days`,
        'Rotate with "flow-keys rotate" before the certificate ends.',
      );
    return ok('certificate', `valid for ${left} days`);
  } catch (error) {
    return problem('certificate', 'it cannot be read', reasonOf(error));
  }
}

/** Whether Connect holds the key. */
export function checkUploaded(keyId: string, keys: readonly SecurityKey[], instanceId: string): Finding {
  const key = keys.find((candidate) => candidate.keyId === keyId);
  if (key) return ok('Connect', `instance ${instanceId} holds the key`);
  const held = keys.map((candidate) => candidate.keyId).join(' and ') || 'none';
  const mend = `Give the flow a key id that instance ${instanceId} holds (${held}), or check that it is the right instance.`;
  return problem('Connect', `instance ${instanceId} does not hold the key`, mend);
}
