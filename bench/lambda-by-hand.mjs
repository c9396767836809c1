// What one writes without this package: the AWS packages for Node, unbundled, and the key read on every call.
import { constants, createPrivateKey } from 'node:crypto';
import clientNode from '@aws-crypto/client-node';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';

const { buildClient, CommitmentPolicy, RawRsaKeyringNode } = clientNode;
const { decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT);
const ssm = new SSMClient({});

export async function handler({ Details: { Parameters } }) {
  const keyName = Parameters['key-id'];
  const Name = `/amazon-connect/encryption/${keyName}/private-key`;
  const { Parameter } = await ssm.send(new GetParameterCommand({ Name, WithDecryption: true }));
  const privateKey = createPrivateKey(Parameter.Value).export({ type: 'pkcs1', format: 'pem' });
  const keyring = new RawRsaKeyringNode({
    keyNamespace: 'AmazonConnect',
    keyName,
    rsaKey: { privateKey },
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: 'sha512',
  });
  const { plaintext } = await decrypt(keyring, Buffer.from(Parameters['my-secret-string'], 'base64'));
  return { 'status-code': 200, data: { success: true, decryptedData: plaintext.toString() } };
}
