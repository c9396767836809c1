import creditCardType from 'credit-card-type';

const shortestForLastFour = 8;

/**
 * Returns whether digits end in a valid check digit (ISO/IEC 7812-1, annex B), as card numbers do.
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
 * Returns the brand of a card number by its range, such as `visa`, `mastercard` or `american-express`. Returns `undefined`
 * when no brand is known, or the length does not match the brand.
 *
 * @example
 * cardBrand('4444444444444448'); // 'visa'
 */
export function cardBrand(number: string): string | undefined {
  const [brand] = creditCardType(number).filter(({ lengths }) => lengths.includes(number.length));
  return brand?.type;
}

/** Returns the last four characters of an input of eight or more. Of a shorter input they would be most, so it returns `undefined`. */
export function lastFour(input: string): string | undefined {
  const characters = [...input];
  return characters.length < shortestForLastFour ? undefined : characters.slice(-4).join('');
}
