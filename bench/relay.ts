import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import type * as Package from '../src/index.ts';
import { recordingNamed, testKeyStore, testKeys } from '../test/recordings/recordings.ts';
import type * as Contenders from './contenders.ts';
import { compared, here, medians } from './measure.ts';

const built: string = '../dist/package/index.js';
const { createDecryptor, createRelay }: typeof Package = await import(built);
const builtContenders: string = '../dist/bench/contenders.js';
const { contender }: typeof Contenders = await import(builtContenders);

const { subtle } = crypto;
const card = recordingNamed('java rsa2048-card-number');
const plaintext = new TextEncoder().encode(card.plaintext);
const consumerCount = 50;

/** What a consumer's public key makes necessary for each message, one operation after the other. */
type Encrypt = () => Promise<unknown>;

interface Kind {
  readonly name: string;
  readonly format: 'aws-encryption-sdk' | 'jwe';
  generate(): KeyObject;
  primitives(spki: Uint8Array<ArrayBuffer>): Promise<Encrypt>;
}

const rsa2048 = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;

const kinds: readonly Kind[] = [
  {
    name: 'AWS Encryption SDK, RSA-2048',
    format: 'aws-encryption-sdk',
    generate: rsa2048,
    primitives: messagePrimitives,
  },
  { name: 'JWE, RSA-2048', format: 'jwe', generate: rsa2048, primitives: jweRsaPrimitives },
  {
    name: 'JWE, P-256',
    format: 'jwe',
    generate: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey,
    primitives: (spki) => jweAgreementPrimitives(spki, { name: 'ECDH', namedCurve: 'P-256' }),
  },
  {
    name: 'JWE, X25519',
    format: 'jwe',
    generate: () => generateKeyPairSync('x25519').publicKey,
    primitives: (spki) => jweAgreementPrimitives(spki, { name: 'X25519' }),
  },
];

/**
 * One message, decrypted and encrypted again for 50 of 500 consumers, beside the Web Crypto operations that this makes
 * necessary.
 */
export async function benchRelay(): Promise<string> {
  const key = testKeys.find(({ keyId }) => keyId === card.keyId);
  if (key === undefined) throw new Error(`There is no test key ${card.keyId}.`);
  const decrypt = await contender('WebCrypto primitives', card, key);
  const rows: string[] = [];
  for (const kind of kinds) rows.push(await rowOf(kind.name, [kind], decrypt));
  rows.push(await rowOf('all four in turn', kinds, decrypt));
  return `Milliseconds to decrypt a card number once and encrypt it for ${consumerCount} of 500 registered consumers: on the clock, and of the
processor. In brackets the ratio to the WebCrypto primitives of the same run; medians of 15 batches that take turns.

| consumers | relay | processor | primitives | processor | store requests when warm |
| --- | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}
`;
}

async function rowOf(name: string, of: readonly Kind[], decrypt: () => Promise<Uint8Array>): Promise<string> {
  // Generating RSA keys takes long, so that consumers of a kind share ten.
  const keys = of.map((kind) => Array.from({ length: 10 }, kind.generate));
  const registered = Array.from({ length: 500 }, (_, index) => {
    const kind = of[index % of.length];
    const publicKey = keys[index % of.length]?.[index % 10];
    if (kind === undefined || publicKey === undefined) throw new Error('There is no such kind.');
    return { name: `consumer-${index}`, kind, publicKey };
  });
  const documents = new Map(
    registered.map(({ name, kind: { format }, publicKey }) => {
      const pem = publicKey.export({ type: 'spki', format: 'pem' });
      return [name, JSON.stringify({ format, publicKey: pem, keyIds: ['*'], fields: ['*'] })] as const;
    }),
  );
  let requests = 0;
  const consumerStore: Package.ConsumerStore = {
    async consumer(consumer) {
      requests += 1;
      return documents.get(consumer);
    },
  };
  const relay = createRelay({ decryptor: createDecryptor({ keyStore: testKeyStore }), consumerStore });
  const consumers = registered.slice(0, consumerCount);
  const options = { field: 'card', consumers: consumers.map(({ name }) => name), allowedConsumers: ['*'] };
  const encrypts = await Promise.all(
    consumers.map(({ kind, publicKey }) =>
      kind.primitives(new Uint8Array(publicKey.export({ type: 'spki', format: 'der' }))),
    ),
  );
  async function ours(): Promise<void> {
    const { outcomes } = await relay.reencrypt(card.ciphertext, options);
    if (!outcomes.every((outcome) => 'ciphertext' in outcome)) throw new Error('Not all were encrypted for.');
  }
  async function primitives(): Promise<void> {
    await decrypt();
    await Promise.all(encrypts.map((encrypt) => encrypt()));
  }
  await ours();
  const cold = requests;
  // A batch takes a quarter of a second or so, of either format.
  const messages = of.every(({ format }) => format === 'jwe') ? 24 : 4;
  const costs = await medians([here('ours', ours), here('primitives', primitives)], messages, 1);
  const [relayed, alone] = [costs.get('ours'), costs.get('primitives')];
  const cells = [
    compared(relayed?.wall, alone?.wall),
    compared(relayed?.cpu, alone?.cpu),
    alone?.wall.toFixed(2),
    alone?.cpu.toFixed(2),
    requests - cold,
  ];
  return `| ${name} | ${cells.join(' | ')} |`;
}

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
const aes256 = { name: 'AES-GCM', length: 256 } as const;

/** Suite 0578: a signing key, the data key and its commitment, the header's tag, one frame, the signature. */
async function messagePrimitives(spki: Uint8Array<ArrayBuffer>): Promise<Encrypt> {
  const publicKey = await subtle.importKey('spki', spki, { name: 'RSA-OAEP', hash: 'SHA-512' }, false, ['wrapKey']);
  const [header, frameAad, signed] = [random(330), random(80), random(420)];
  return async () => {
    const signer = await subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, false, ['sign']);
    await subtle.exportKey('raw', signer.publicKey);
    const [dataKey, messageId] = [random(32), random(32)];
    const wrappable = await subtle.importKey('raw', dataKey, 'AES-GCM', true, ['encrypt']);
    await subtle.wrapKey('raw', wrappable, publicKey, { name: 'RSA-OAEP' });
    const derivable = await subtle.importKey('raw', dataKey, 'HKDF', false, ['deriveKey']);
    const hkdf = { name: 'HKDF', hash: 'SHA-512', salt: messageId, info: random(11) };
    const commitment = await subtle.deriveKey(hkdf, derivable, aes256, true, ['encrypt']);
    await subtle.exportKey('raw', commitment);
    const key = await subtle.deriveKey(hkdf, derivable, aes256, false, ['encrypt']);
    const headerTag = { name: 'AES-GCM', iv: random(12), additionalData: header };
    await subtle.encrypt(headerTag, key, new Uint8Array());
    await subtle.encrypt({ name: 'AES-GCM', iv: random(12), additionalData: frameAad }, key, plaintext);
    await subtle.sign({ name: 'ECDSA', hash: 'SHA-384' }, signer.privateKey, signed);
  };
}

/** What is authenticated with the content, the protected header. */
const additionalData = random(360);

async function jweRsaPrimitives(spki: Uint8Array<ArrayBuffer>): Promise<Encrypt> {
  const publicKey = await subtle.importKey('spki', spki, { name: 'RSA-OAEP', hash: 'SHA-256' }, false, ['encrypt']);
  return async () => {
    const contentKey = random(32);
    const key = await subtle.importKey('raw', contentKey, 'AES-GCM', false, ['encrypt']);
    await subtle.encrypt('RSA-OAEP', publicKey, contentKey);
    await subtle.encrypt({ name: 'AES-GCM', iv: random(12), additionalData }, key, plaintext);
  };
}

/** ECDH-ES+A256KW (RFC 7518, section 4.6): an ephemeral key, the agreement, the Concat KDF, AES key wrap. */
async function jweAgreementPrimitives(
  spki: Uint8Array<ArrayBuffer>,
  algorithm: { readonly name: string; readonly namedCurve?: string },
): Promise<Encrypt> {
  const publicKey = await subtle.importKey('spki', spki, algorithm, true, []);
  const hashed = random(75);
  return async () => {
    const key = await subtle.importKey('raw', random(32), 'AES-GCM', true, ['encrypt']);
    const ephemeral = await subtle.generateKey(algorithm, true, ['deriveBits']);
    if (!('privateKey' in ephemeral)) throw new Error('No key pair was generated.');
    await subtle.exportKey('jwk', ephemeral.publicKey);
    await subtle.deriveBits({ name: algorithm.name, public: publicKey }, ephemeral.privateKey, 256);
    const derived = await subtle.digest('SHA-256', hashed);
    const wrapping = await subtle.importKey('raw', derived, 'AES-KW', false, ['wrapKey']);
    await subtle.wrapKey('raw', key, wrapping, 'AES-KW');
    await subtle.encrypt({ name: 'AES-GCM', iv: random(12), additionalData }, key, plaintext);
  };
}
