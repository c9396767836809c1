import article from './connect-article.json' with { type: 'json' };
import java from './java-connect.json' with { type: 'json' };
import python from './python-connect.json' with { type: 'json' };

/** A ciphertext, and what it decrypts to. Its file's `producer` says who made it. */
export interface Recording {
  readonly name: string;
  readonly keyId: string;
  /** The algorithm suite's id, four hexadecimal digits. */
  readonly suite: string;
  readonly plaintext: string;
  /** Base64 of an AWS Encryption SDK message. */
  readonly ciphertext: string;
}

/** A test key: base64 of DER. */
export interface TestKey {
  readonly keyId: string;
  readonly privateKeyPkcs8: string;
}

const prefixed = (prefix: string, recordings: readonly Recording[]) =>
  recordings.map(({ name, keyId, suite, plaintext, ciphertext }) => ({
    name: `${prefix} ${name}`,
    keyId,
    suite,
    plaintext,
    ciphertext,
  }));

/** Made by the AWS Encryption SDKs with Connect's parameters, and a few with others. */
export const recordings: readonly Recording[] = [
  ...prefixed('java', java.recordings),
  ...prefixed('python', python.recordings),
];

/** The recording of that name; throws when there is none. */
export function recordingNamed(name: string): Recording {
  const found = recordings.find((recording) => recording.name === name);
  if (found === undefined) throw new Error(`There is no recording ${name}.`);
  return found;
}

export const testKeys: readonly (TestKey & { readonly certificate: string })[] = java.keys;

const [published] = article.recordings;
if (published === undefined) throw new Error('connect-article.json holds no recording.');

/** Made by Amazon Connect itself; its private key was never published. */
export const articleRecording: Omit<Recording, 'plaintext'> & { readonly plaintextLength: number } = published;

/** The message id in a ciphertext of message version 1: the 16 bytes after version, type and suite, in hexadecimal. */
export function messageIdOf(ciphertext: string): string {
  const id = atob(ciphertext).slice(4, 20);
  return Array.from(id, (byte) => byte.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

/** Whether the policy `connect` refuses a recording: Connect signs its messages, and makes one encrypted data key. */
export function isRefused({ name, suite }: Pick<Recording, 'name' | 'suite'>): boolean {
  return isUnsigned({ suite }) || name.endsWith(' two-data-keys');
}

/** Whether a suite is one of those without a signature. */
export function isUnsigned({ suite }: { readonly suite: string }): boolean {
  return suite === '0178' || suite === '0478';
}

/** DER, as base64, in PEM's clothes (RFC 7468). */
export function pem(label: string, der: string): string {
  return `-----BEGIN ${label}-----\n${der.replace(/.{64}/g, '$&\n').trimEnd()}\n-----END ${label}-----\n`;
}

/** The private key of a recording, as stores hold it. */
export function privateKeyOf({ keyId }: { readonly keyId: string }): string {
  const key = testKeys.find((known) => known.keyId === keyId);
  if (key === undefined) throw new Error(`There is no test key ${keyId}.`);
  return pem('PRIVATE KEY', key.privateKeyPkcs8);
}

/** A store of the test keys. */
export const testKeyStore = {
  async privateKeys(keyId: string): Promise<readonly string[]> {
    return testKeys.some((known) => known.keyId === keyId) ? [privateKeyOf({ keyId })] : [];
  },
};

/** The name of the parameter that holds the private key of a key id. */
export function parameterName(keyId: string): string {
  return `/amazon-connect/encryption/${keyId}/private-key`;
}

/** The event that Connect sends for a flow with the parameters of this product. */
export function contactFlowEvent(parameters: Readonly<Record<string, unknown>>): unknown {
  return {
    Name: 'ContactFlowEvent',
    Details: {
      ContactData: {
        ContactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe',
        InitialContactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe',
        PreviousContactId: '5ca32fbd-8f92-46af-92a5-6b0f970f0efe',
        Channel: 'VOICE',
        InitiationMethod: 'INBOUND',
        InstanceARN: 'arn:aws:connect:us-east-1:123456789012:instance/9308c2a1-9bc6-4cea-8290-6c0b4a6d38fa',
        Attributes: {},
        CustomerEndpoint: { Address: '+15550100', Type: 'TELEPHONE_NUMBER' },
        SystemEndpoint: { Address: '+15550199', Type: 'TELEPHONE_NUMBER' },
        Queue: null,
      },
      Parameters: parameters,
    },
  };
}

/** The ContactFlowEvent of a recording. */
export function recordedEvent({ keyId, ciphertext }: Pick<Recording, 'keyId' | 'ciphertext'>): unknown {
  return contactFlowEvent({ 'key-id': keyId, 'my-secret-string': ciphertext });
}
