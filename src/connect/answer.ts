import type { FlowKeysError } from '../errors.ts';

/**
 * What the Lambda answers to the flow, which reads it under `$.External`, for example
 * `$.External.data.decryptedData`. Names and messages are those of the article this product implements,
 * and stay as they are.
 */
export type ContactFlowAnswer =
  | {
      readonly 'status-code': 200;
      readonly data: {
        readonly success: true;
        readonly message: string;
        readonly contactId: string | null;
        readonly requestId: string;
        readonly decryptedData: string;
        /** Length of `decryptedData`, in characters. */
        readonly dataLength: number;
      };
    }
  | {
      readonly 'status-code': 500;
      readonly data: {
        readonly success: false;
        readonly message: string;
        readonly contactId: string | null;
        readonly requestId: string;
      };
      /** For a failed decryption: the error's code, a colon, and its message. */
      readonly error: string;
    };

/** Ids that an answer repeats, so that it can be found in the logs. */
export interface AnswerIds {
  readonly contactId: string | null;
  readonly requestId: string;
}

export function successAnswer({ contactId, requestId }: AnswerIds, decryptedData: string): ContactFlowAnswer {
  return {
    'status-code': 200,
    data: {
      success: true,
      message: 'Data decrypted successfully',
      contactId,
      requestId,
      decryptedData,
      dataLength: [...decryptedData].length,
    },
  };
}

export function missingParameterAnswer(ids: AnswerIds, message: string): ContactFlowAnswer {
  return failureAnswer(ids, message, 'Missing required parameter');
}

export function decryptionFailedAnswer(ids: AnswerIds, { code, message }: FlowKeysError): ContactFlowAnswer {
  return failureAnswer(ids, 'Decryption failed', `${code}: ${message}`);
}

function failureAnswer({ contactId, requestId }: AnswerIds, message: string, error: string): ContactFlowAnswer {
  return { 'status-code': 500, data: { success: false, message, contactId, requestId }, error };
}
