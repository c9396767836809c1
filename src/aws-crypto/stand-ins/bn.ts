/** As much of bn.js as the AWS packages use: lengths in eight bytes, and whether a coordinate is odd. */
export default class BN {
  readonly #value: bigint;

  /** A number, or an array of bytes, the most significant first. */
  constructor(value: number | readonly number[] | bigint) {
    this.#value =
      typeof value === 'object' ? value.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) : BigInt(value);
  }

  mod(other: BN): BN {
    return new BN(this.#value % other.#value);
  }

  /** @throws Error for what a number does not hold exactly, on which the AWS package relies */
  toNumber(): number {
    const number = Number(this.#value);
    if (Number.isSafeInteger(number)) return number;
    throw new Error('The number has more than 53 bits.');
  }

  toArray(_endian: 'be', length: number): readonly number[] {
    return Array.from({ length }, (_, index) => Number((this.#value >> BigInt(8 * (length - 1 - index))) & 0xffn));
  }
}
