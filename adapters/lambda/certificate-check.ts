import { DescribeParametersCommand, GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { type CertificateAge, certificateAge, certificateIn, daysLeft, holdsPrivateKey } from '../../src/internal.ts';

/** What was found of a key's certificate, the parameter `{prefix}/{key-id}/certificate`. */
export type CertificateFinding =
  | { readonly keyId: string; readonly state: CertificateAge; readonly daysLeft: number }
  | { readonly keyId: string; readonly state: 'missing' | 'unreadable' | 'holds a private key' };

export interface CertificateCheckOptions {
  readonly client: Pick<SSMClient, 'send'>;
  /** What stands before the key id. Default: `/amazon-connect/encryption`. */
  readonly prefix?: string;
  /** The time, in milliseconds. Default: `Date.now`. */
  readonly now?: () => number;
}

/**
 * Looks at the certificate of each key in Parameter Store: Connect encrypts with it, and a flow whose
 * certificate has expired fails without a word. Needs `ssm:DescribeParameters`, and `ssm:GetParameter` on the
 * certificates alone.
 *
 * @throws what the SSM client throws: a check that did not take place must not look like one that did
 */
export async function checkCertificates({
  client,
  prefix = '/amazon-connect/encryption',
  now = Date.now,
}: CertificateCheckOptions): Promise<readonly CertificateFinding[]> {
  const names = new Set(await parameterNames());
  const keyIds = new Set(Array.from(names, (name) => name.slice(prefix.length + 1).split('/')[0] ?? ''));
  return Promise.all(Array.from(keyIds).sort().map(find));

  async function parameterNames(): Promise<readonly string[]> {
    const names: string[] = [];
    let next: string | undefined;
    do {
      const command = new DescribeParametersCommand({
        ParameterFilters: [{ Key: 'Path', Option: 'Recursive', Values: [prefix] }],
        ...(next && { NextToken: next }),
      });
      const page = await client.send(command);
      names.push(...(page.Parameters ?? []).flatMap(({ Name }) => Name ?? []));
      next = page.NextToken;
    } while (next);
    return names.filter((name) => /\/(private-key|certificate)$/.test(name));
  }

  async function find(keyId: string): Promise<CertificateFinding> {
    const name = `${prefix}/${keyId}/certificate`;
    if (!names.has(name)) return { keyId, state: 'missing' };
    const { Parameter: parameter } = await client.send(new GetParameterCommand({ Name: name }));
    const pem = parameter?.Value ?? '';
    if (holdsPrivateKey(pem)) return { keyId, state: 'holds a private key' };
    const certificate = certificateIn(pem);
    if (certificate === undefined) return { keyId, state: 'unreadable' };
    return { keyId, state: certificateAge(certificate, now()), daysLeft: daysLeft(certificate, now()) };
  }
}
