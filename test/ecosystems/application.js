import { createDecryptor, decodeUtf8 } from 'flow-security-keys';
import { checkFlow } from 'flow-security-keys/flow';
import { ciphertext, privateKey } from './recording.js';

const decryptor = createDecryptor({ keyStore: { privateKeys: async () => [privateKey] } });
const { plaintext } = await decryptor.decrypt(ciphertext);
console.log(decodeUtf8(plaintext), typeof checkFlow);
