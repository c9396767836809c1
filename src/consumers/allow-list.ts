import { FlowKeysError } from '../errors.ts';
import { isConsumerName } from '../identifiers.ts';
import { everything } from './consumer.ts';

/**
 * The names of a setting that says which consumers somebody may encrypt for; `*` stands for all.
 *
 * @throws FlowKeysError `not_configured`, naming the setting, when one of them can be no consumer's
 */
export function consumerList(names: readonly string[], setting: string): readonly string[] {
  if (names.every((name) => name === everything || isConsumerName(name))) return names;
  throw new FlowKeysError('not_configured', `${setting} must hold names of consumers, or ${everything} for all.`);
}

/** What both lists allow. */
export function inBoth(left: readonly string[], right: readonly string[]): readonly string[] {
  if (left.includes(everything)) return right;
  return right.includes(everything) ? left : left.filter((name) => right.includes(name));
}
