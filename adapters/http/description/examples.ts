import { exampleCiphertext as ciphertext, exampleKeyId as keyId } from './example.ts';

export interface OperationExample {
  readonly body?: unknown;
  readonly answer: unknown;
}

const decrypted = {
  plaintext: '411111111111',
  encoding: 'utf-8',
  keyId,
  suite: '0378',
  encryptionContext: {
    'aws-crypto-public-key': 'A3ph8Yw5uMoMscUYK3PiNTAQKVYfLZe6gNbBL+zE4hVEsNFhs+5cFNE4XxWO75HUQA==',
  },
  messageId: 'c094bb16836485deee6e8a8412a7e9c0',
};

const contactId = '3f1c9a52-7f0e-4c7b-9d53-0c3b6f7a8e21';

/** An example request and response for each operation. The plaintext is made up. */
export const examples = {
  decrypt: { body: { ciphertext, keyId }, answer: decrypted },
  decryptBatch: {
    body: { items: [{ ciphertext }, { ciphertext, keyId }] },
    answer: { results: [decrypted, decrypted] },
  },
  reencrypt: {
    body: { ciphertext, contactId, field: 'card', consumers: ['payments'] },
    answer: {
      keyId,
      suite: '0378',
      results: [{ consumer: 'payments', format: 'jwe', ciphertext: 'eyJhbGciOiJSU0EtT0FFUC0yNTYi…' }],
    },
  },
  inspect: {
    body: { ciphertext },
    answer: {
      version: 1,
      suite: { id: '0378', name: 'ALG_AES256_GCM_IV12_TAG16_HKDF_SHA384_ECDSA_P384' },
      encryptedDataKeys: [{ providerId: 'AmazonConnect', providerInfo: keyId, byteLength: 256 }],
      encryptionContext: decrypted.encryptionContext,
      contentType: 'framed',
      frameLength: 4096,
      frameCount: 1,
      plaintextBytes: 12,
      messageBytes: 625,
      signature: 'valid',
    },
  },
  connect: {
    body: {
      Name: 'ContactFlowEvent',
      Details: { ContactData: { ContactId: contactId }, Parameters: { 'my-secret-string': ciphertext } },
    },
    answer: {
      'status-code': 200,
      data: {
        success: true,
        message: 'Data decrypted successfully',
        contactId,
        requestId: '6f6b7c9e-9a0c-4a37-8a53-2f8d1c1b7e10',
        decryptedData: decrypted.plaintext,
        dataLength: 12,
      },
    },
  },
  healthz: { answer: { status: 'ok' } },
  readyz: { answer: { status: 'ok' } },
} as const satisfies Record<string, OperationExample>;
