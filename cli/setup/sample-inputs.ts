import type { FlowField } from '../../src/flow/index.ts';

/** An input that passes the check of a field. The card number is a test number of the card networks. */
export function sampleInput({ kind, min, max }: FlowField, now = new Date()): string {
  if (kind === 'card') return '4111111111111111';
  if (kind === 'expiry') return `12${String(now.getUTCFullYear() + 3).slice(-2)}`;
  const length = Math.min(max, Math.max(min, 4));
  return '1234567890'.repeat(5).slice(0, length);
}
