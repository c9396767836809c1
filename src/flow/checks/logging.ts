import { type Fault, fault } from '../findings.ts';
import type { Point } from '../follow/follow.ts';
import { isPlaintext, parametersWith } from '../follow/token.ts';

/** Flow logs hold each block's parameters and results. */
export function checkLogging({ facts, control, token }: Point): readonly Fault[] {
  const { action } = facts;
  if (token === undefined) {
    if (!facts.isEncrypted && !facts.isClear) return [];
    if (control.logging === 'on') return [fault('logging_on', action, 'takes input with flow logging on')];
    if (control.logging === 'off') return [];
    return [fault('logging_unknown', action, 'takes input, and this flow does not switch flow logging off before')];
  }
  if (control.logging !== 'on') return [];
  if (token.kind === 'input' && parametersWith(token, facts).length > 0)
    return [fault('logging_on', action, 'gives a function the input with flow logging on, which logs its answer')];
  const reads = facts.references.some((path) => isPlaintext(token, path));
  return reads ? [fault('plaintext_logged', action, 'gets what a function decrypted with flow logging on')] : [];
}
