export { type ErrorCode, errorCodes, FlowKeysError } from '../../src/errors.ts';
export type { DecryptAnswer, EncryptedFor, InspectAnswer } from '../http/contract.ts';
export {
  type BatchItem,
  type BatchResult,
  type CallOptions,
  type Client,
  type ClientOptions,
  createClient,
  type Reencryption,
  type ReencryptRequest,
} from './client.ts';
