/** The kind of an input: its prompt, its length, and the function's check. */
export type FieldKind = 'card' | 'expiry' | 'cvc' | 'account' | 'pin' | 'digits';

/** What callers hear in one language. */
export interface Wording {
  /** A voice of Amazon Polly that speaks the language. */
  readonly voice: string;
  /** The spoken names of the keys that end an input. */
  readonly keys: Readonly<Record<string, string>>;
  /** The word in "4 to 17". */
  readonly to: string;
  readonly prompts: Readonly<Record<FieldKind, (facts: PromptFacts) => string>>;
  readonly silence: string;
  readonly faults: Readonly<Record<'length' | 'luhn' | 'expired', string>>;
  /** Says the last four digits and asks whether they are right. SSML without its root element. */
  confirm(last4: string): string;
  readonly attempts: string;
  readonly success: string;
  readonly failure: string;
  readonly unknown: string;
  /** The call cannot be transferred. */
  readonly transfer: string;
}

interface PromptFacts {
  /** The spoken name of the key that ends the input. */
  readonly key: string;
  /** How many digits the input has: `8`, or `4 to 17`. */
  readonly digits: string;
  readonly name?: string;
}

function english(voice: string, hash: string, expiry: string): Wording {
  return {
    voice,
    keys: { '#': `the ${hash} key`, '*': 'the star key' },
    to: 'to',
    prompts: {
      card: ({ key }) => `Please enter your card number, then press ${key}.`,
      expiry: ({ key }) =>
        `Please enter the ${expiry} date of the card, two digits for the month and two for the year, then press ${key}. For March 2031, for example, enter 0, 3, 3, 1.`,
      cvc: ({ key }) => `Please enter the security code of the card, three or four digits, then press ${key}.`,
      account: ({ key, digits }) => `Please enter your ${digits} digit account number, then press ${key}.`,
      pin: ({ key, digits }) => `Please enter your ${digits} digit PIN, then press ${key}.`,
      digits: ({ key, name = 'number' }) => `Please enter your ${name}, then press ${key}.`,
    },
    silence: 'We did not receive any digits.',
    faults: {
      length: 'That is not the right number of digits.',
      luhn: 'That is not a valid card number.',
      expired: 'That date is not valid, or it is in the past.',
    },
    confirm: (last4) =>
      `The number ends in ${last4}. <break time="300ms"/> If that is right, press 1. To enter it again, press 2.`,
    attempts: 'We did not receive the information we need.',
    success: 'Thank you. We have received your details.',
    failure: 'Sorry, that did not work.',
    unknown: 'Sorry, we cannot tell whether that worked. Please speak to us before you try again.',
    transfer: 'Sorry, we cannot connect you. Please call again later.',
  };
}

const german: Wording = {
  voice: 'Vicki',
  keys: { '#': 'die Rautetaste', '*': 'die Sterntaste' },
  to: 'bis',
  prompts: {
    card: ({ key }) => `Bitte geben Sie Ihre Kartennummer ein und drücken Sie dann ${key}.`,
    expiry: ({ key }) =>
      `Bitte geben Sie das Ablaufdatum der Karte ein, zwei Ziffern für den Monat und zwei für das Jahr, und drücken Sie dann ${key}. Für März 2031 zum Beispiel 0, 3, 3, 1.`,
    cvc: ({ key }) =>
      `Bitte geben Sie die Prüfnummer der Karte ein, drei oder vier Ziffern, und drücken Sie dann ${key}.`,
    account: ({ key, digits }) =>
      `Bitte geben Sie Ihre Kontonummer mit ${digits} Ziffern ein und drücken Sie dann ${key}.`,
    pin: ({ key, digits }) => `Bitte geben Sie Ihre PIN mit ${digits} Ziffern ein und drücken Sie dann ${key}.`,
    digits: ({ key }) => `Bitte geben Sie Ihre Nummer ein und drücken Sie dann ${key}.`,
  },
  silence: 'Wir haben keine Eingabe erhalten.',
  faults: {
    length: 'Die Anzahl der Ziffern stimmt nicht.',
    luhn: 'Das ist keine gültige Kartennummer.',
    expired: 'Das Datum ist ungültig oder liegt in der Vergangenheit.',
  },
  confirm: (last4) =>
    `Die Nummer endet mit ${last4}. <break time="300ms"/> Wenn das richtig ist, drücken Sie die 1. Für eine neue Eingabe drücken Sie die 2.`,
  attempts: 'Wir haben die nötigen Angaben nicht erhalten.',
  success: 'Vielen Dank. Wir haben Ihre Angaben erhalten.',
  failure: 'Das hat leider nicht funktioniert.',
  unknown:
    'Wir können leider nicht sagen, ob das funktioniert hat. Bitte sprechen Sie mit uns, bevor Sie es noch einmal versuchen.',
  transfer: 'Wir können Sie leider nicht verbinden. Bitte rufen Sie später noch einmal an.',
};

const french: Wording = {
  voice: 'Lea',
  keys: { '#': 'dièse', '*': 'étoile' },
  to: 'à',
  prompts: {
    card: ({ key }) => `Veuillez saisir votre numéro de carte, puis appuyez sur la touche ${key}.`,
    expiry: ({ key }) =>
      `Veuillez saisir la date d’expiration de la carte, deux chiffres pour le mois et deux pour l’année, puis appuyez sur la touche ${key}. Pour mars 2031, par exemple, saisissez 0, 3, 3, 1.`,
    cvc: ({ key }) =>
      `Veuillez saisir le code de sécurité de la carte, trois ou quatre chiffres, puis appuyez sur la touche ${key}.`,
    account: ({ key, digits }) =>
      `Veuillez saisir votre numéro de compte de ${digits} chiffres, puis appuyez sur la touche ${key}.`,
    pin: ({ key, digits }) =>
      `Veuillez saisir votre code PIN de ${digits} chiffres, puis appuyez sur la touche ${key}.`,
    digits: ({ key }) => `Veuillez saisir votre numéro, puis appuyez sur la touche ${key}.`,
  },
  silence: 'Nous n’avons reçu aucun chiffre.',
  faults: {
    length: 'Le nombre de chiffres n’est pas correct.',
    luhn: 'Ce numéro de carte n’est pas valide.',
    expired: 'Cette date n’est pas valide ou est passée.',
  },
  confirm: (last4) =>
    `Le numéro se termine par ${last4}. <break time="300ms"/> Si c’est exact, appuyez sur 1. Pour le saisir à nouveau, appuyez sur 2.`,
  attempts: 'Nous n’avons pas reçu les informations nécessaires.',
  success: 'Merci. Nous avons bien reçu vos informations.',
  failure: 'Désolé, cela n’a pas fonctionné.',
  unknown: 'Désolé, nous ne pouvons pas dire si cela a fonctionné. Veuillez nous parler avant de réessayer.',
  transfer: 'Désolé, nous ne pouvons pas vous mettre en relation. Veuillez rappeler plus tard.',
};

function spanish(voice: string): Wording {
  return {
    voice,
    keys: { '#': 'la tecla numeral', '*': 'la tecla asterisco' },
    to: 'a',
    prompts: {
      card: ({ key }) => `Introduzca el número de su tarjeta y, a continuación, pulse ${key}.`,
      expiry: ({ key }) =>
        `Introduzca la fecha de caducidad de la tarjeta, dos dígitos para el mes y dos para el año, y pulse ${key}. Para marzo de 2031, por ejemplo, introduzca 0, 3, 3, 1.`,
      cvc: ({ key }) => `Introduzca el código de seguridad de la tarjeta, de tres o cuatro dígitos, y pulse ${key}.`,
      account: ({ key, digits }) => `Introduzca su número de cuenta de ${digits} dígitos y pulse ${key}.`,
      pin: ({ key, digits }) => `Introduzca su PIN de ${digits} dígitos y pulse ${key}.`,
      digits: ({ key }) => `Introduzca su número y pulse ${key}.`,
    },
    silence: 'No hemos recibido ningún dígito.',
    faults: {
      length: 'El número de dígitos no es correcto.',
      luhn: 'Ese número de tarjeta no es válido.',
      expired: 'Esa fecha no es válida o ya ha pasado.',
    },
    confirm: (last4) =>
      `El número termina en ${last4}. <break time="300ms"/> Si es correcto, pulse 1. Para introducirlo de nuevo, pulse 2.`,
    attempts: 'No hemos recibido los datos necesarios.',
    success: 'Gracias. Hemos recibido sus datos.',
    failure: 'Lo sentimos, no ha funcionado.',
    unknown: 'Lo sentimos, no sabemos si ha funcionado. Hable con nosotros antes de volver a intentarlo.',
    transfer: 'Lo sentimos, no podemos pasarle. Vuelva a llamar más tarde.',
  };
}

/** The languages of written flows, by BCP 47 tag. */
export const wordings = {
  'en-US': english('Joanna', 'pound', 'expiration'),
  'en-GB': english('Amy', 'hash', 'expiry'),
  'en-AU': english('Olivia', 'hash', 'expiry'),
  'de-DE': german,
  'es-ES': spanish('Lucia'),
  'es-US': spanish('Lupe'),
  'fr-FR': french,
} as const satisfies Readonly<Record<string, Wording>>;

/** A language of a written flow, as a BCP 47 tag. */
export type FlowLanguage = keyof typeof wordings;
