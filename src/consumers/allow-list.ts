import { FlowKeysError } from '../errors.ts';
import { isConsumerName } from '../identifiers.ts';
import { everything } from './consumer.ts';

/**
 * Checks the consumer names in a setting. `*` stands for all consumers.
 *
 * @throws FlowKeysError `not_configured`, naming the setting, when it contains an invalid name
 */
export function consumerList(names: readonly string[], setting: string): readonly string[] {
  if (names.every((name) => name === everything || isConsumerName(name))) return names;
  throw new FlowKeysError('not_configured', `${setting} must list consumer names, or ${everything} for all.`);
}

/** Returns what both lists allow. */
export function inBoth(left: readonly string[], right: readonly string[]): readonly string[] {
  if (left.includes(everything)) return right;
  return right.includes(everything) ? left : left.filter((name) => right.includes(name));
}
