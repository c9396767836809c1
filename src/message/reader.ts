import { FlowKeysError } from '../errors.ts';

/** Reads a message's fields one after the other; integers are big-endian and unsigned. */
export interface MessageReader {
  uint8(field: string): number;
  uint16(field: string): number;
  uint32(field: string): number;
  /** Returns a view of the next `length` bytes. */
  take(length: number, field: string): Uint8Array<ArrayBuffer>;
  /** Returns how many bytes were read. */
  position(): number;
  malformed(what: string): FlowKeysError;
}

/** Every method except `position` throws FlowKeysError `malformed_ciphertext` if the message ends too early. */
export function messageReader(bytes: Uint8Array<ArrayBuffer>): MessageReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;

  function advance(length: number, field: string): number {
    const start = position;
    if (length > bytes.length - start) throw malformed(`it ends within its ${field}`);
    position += length;
    return start;
  }

  return {
    uint8: (field) => view.getUint8(advance(1, field)),
    uint16: (field) => view.getUint16(advance(2, field)),
    uint32: (field) => view.getUint32(advance(4, field)),
    take(length, field) {
      const start = advance(length, field);
      return bytes.subarray(start, start + length);
    },
    position: () => position,
    malformed,
  };
}

function malformed(what: string): FlowKeysError {
  return new FlowKeysError(
    'malformed_ciphertext',
    `The ciphertext is not a complete AWS Encryption SDK message: ${what}. Pass $.StoredCustomerInput unchanged and whole.`,
  );
}
