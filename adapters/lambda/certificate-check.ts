import { GetParameterCommand, paginateDescribeParameters, type SSMClient } from '@aws-sdk/client-ssm';
import { type CertificateAge, certificateAge, certificateIn, daysLeft, holdsPrivateKey } from '../../src/internal.ts';
import { certificatePath, parameterPrefix } from '../stores/names.ts';

/** The state of a key's certificate, the parameter `{prefix}/{key-id}/certificate`. */
export type CertificateFinding =
  | { readonly keyId: string; readonly state: CertificateAge; readonly daysLeft: number }
  | { readonly keyId: string; readonly state: 'missing' | 'unreadable' | 'holds a private key' };

export interface CertificateCheckOptions {
  readonly client: SSMClient;
  /** The part of the names before the key id. Default: `/amazon-connect/encryption`. */
  readonly prefix?: string;
  /** The current time, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

/**
 * Checks the certificate of each key in Parameter Store. Connect encrypts with it, and a flow whose certificate has expired
 * fails silently. Needs `ssm:DescribeParameters`, and `ssm:GetParameter` on the certificates only.
 *
 * @throws the errors of the SSM client: a check that failed must not look like one that passed
 */
export async function checkCertificates({
  client,
  prefix = parameterPrefix,
  now = Date.now,
}: CertificateCheckOptions): Promise<readonly CertificateFinding[]> {
  const names = new Set<string>();
  const ParameterFilters = [{ Key: 'Path', Option: 'Recursive', Values: [prefix] }];
  for await (const { Parameters = [] } of paginateDescribeParameters({ client }, { ParameterFilters })) {
    for (const { Name: name = '' } of Parameters) if (/\/(private-key|certificate)$/.test(name)) names.add(name);
  }
  const keyIds = new Set(Array.from(names, (name) => name.slice(prefix.length + 1).split('/')[0] ?? ''));
  return Promise.all(Array.from(keyIds).sort().map(find));

  async function find(keyId: string): Promise<CertificateFinding> {
    const name = `${prefix}/${certificatePath(keyId)}`;
    if (!names.has(name)) return { keyId, state: 'missing' };
    const { Parameter: parameter } = await client.send(new GetParameterCommand({ Name: name }));
    const pem = parameter?.Value ?? '';
    if (holdsPrivateKey(pem)) return { keyId, state: 'holds a private key' };
    const certificate = certificateIn(pem);
    if (certificate === undefined) return { keyId, state: 'unreadable' };
    return { keyId, state: certificateAge(certificate, now()), daysLeft: daysLeft(certificate, now()) };
  }
}
