import { type Fault, fault } from '../findings.ts';
import type { Point } from '../follow/follow.ts';
import { isPlaintext, parametersWith } from '../follow/token.ts';

/** The flow log contains the parameters and results of each block. */
export function* checkLogging({ facts, control, token }: Point): Generator<Fault> {
  const { action } = facts;
  if (token === undefined) {
    if (!facts.isEncrypted && !facts.isClear) return;
    if (control.logging === 'on') yield fault('logging_on', action, 'takes input while flow logging is on');
    if (control.logging === 'unknown')
      yield fault('logging_unknown', action, 'takes input, and the flow has not disabled flow logging before it');
  } else if (control.logging === 'on') {
    if (token.kind === 'input' && parametersWith(token, facts).length > 0)
      yield fault('logging_on', action, 'passes the input to a function while flow logging is on, and logs its answer');
    else if (facts.references.some((path) => isPlaintext(token, path)))
      yield fault('plaintext_logged', action, 'reads what a function decrypted while flow logging is on');
  }
}
