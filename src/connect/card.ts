import creditCardType from 'credit-card-type';

const shortestForLastFour = 8;

/**
 * Whether digits end in a valid check digit (ISO/IEC 7812-1, annex B), as card numbers do.
 *
 * @example
 * luhn('4444444444444448'); // true
 */
export function luhn(digits: string): boolean {
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    // Every second digit from the right counts twice.
    const value = Number(digit) * (1 + (index % 2));
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return /^\d+$/.test(digits) && sum % 10 === 0;
}

/**
 * The brand of a card number by its range, as `visa`, `mastercard` or `american-express`; `undefined` for a number of
 * no known brand, or not as long as that brand's.
 */
export function cardBrand(number: string): string | undefined {
  const [brand] = creditCardType(number).filter(({ lengths }) => lengths.includes(number.length));
  return brand?.type;
}

/** The last four characters of an input of eight or more; of fewer they would be most of it: `undefined`. */
export function lastFour(input: string): string | undefined {
  const characters = [...input];
  return characters.length < shortestForLastFour ? undefined : characters.slice(-4).join('');
}
