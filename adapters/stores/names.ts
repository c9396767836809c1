// The names under which stores keep private keys, certificates and consumers.

/** The default prefix of names in Parameter Store. */
export const parameterPrefix = '/amazon-connect/encryption';
/** The default prefix of names in Secrets Manager. */
export const secretPrefix = 'amazon-connect/encryption';

/** `{key-id}/private-key`: after a prefix, the name of a parameter or a secret; alone, a key in a KV namespace. */
export function privateKeyPath(keyId: string): string {
  return `${keyId}/private-key`;
}

/** `{key-id}/certificate`: after a prefix, the name of a parameter. */
export function certificatePath(keyId: string): string {
  return `${keyId}/certificate`;
}

/** `consumers/{name}`: after a prefix, the name of a parameter; alone, a key in a KV namespace. */
export function consumerPath(name: string): string {
  return `consumers/${name}`;
}

/** The Worker binding that holds the private key of a key id. A binding's name is an identifier, hence `_` for each `-`. */
export function privateKeyBinding(keyId: string): string {
  return `PRIVATE_KEY_${keyId.replaceAll('-', '_')}`;
}

/** The Worker binding that holds a consumer's document. */
export function consumerBinding(name: string): string {
  return `CONSUMER_${name.replaceAll('-', '_')}`;
}
