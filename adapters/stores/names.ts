// Where stores keep what belongs to a key id or to a consumer.

/** What stands before the names of parameters in Parameter Store, unless `KEY_PREFIX` says otherwise. */
export const parameterPrefix = '/amazon-connect/encryption';
/** What stands before the names of secrets in Secrets Manager, unless `KEY_PREFIX` says otherwise. */
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

/** The Worker binding that holds the private key of a key id; a binding's name is an identifier, hence `_` for each `-`. */
export function privateKeyBinding(keyId: string): string {
  return `PRIVATE_KEY_${keyId.replaceAll('-', '_')}`;
}

/** The Worker binding that holds a consumer's document. */
export function consumerBinding(name: string): string {
  return `CONSUMER_${name.replaceAll('-', '_')}`;
}
