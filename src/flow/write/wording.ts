/** What an input is: it gives its prompt, its length, and the check of the function. */
export type FieldKind = 'card' | 'expiry' | 'cvc' | 'account' | 'pin' | 'digits';

/** What a caller hears, in one language. */
export interface Wording {
  /** A voice of Amazon Polly that speaks the language. */
  readonly voice: string;
  /** How the keys that end an input are called. */
  readonly keys: Readonly<Record<string, string>>;
  readonly prompts: Readonly<Record<FieldKind, (about: PromptFacts) => string>>;
  readonly silence: string;
  readonly faults: Readonly<Record<'length' | 'luhn' | 'expired', string>>;
  /** Says the last four digits, which are at `last4` in the function's answer. SSML without its root. */
  confirm(last4: string): string;
  readonly attempts: string;
  readonly success: string;
  readonly failure: string;
  readonly unknown: string;
  /** The call cannot be passed on. */
  readonly transfer: string;
}

interface PromptFacts {
  /** The key that ends the input, as it is called. */
  readonly key: string;
  readonly min: number;
  readonly max: number;
  readonly name?: string;
}

const ofDigits = ({ min, max }: PromptFacts, text: (count: string) => string, to: string): string =>
  text(min === max ? String(min) : `${min} ${to} ${max}`);

function english(voice: string, hash: string): Wording {
  return {
    voice,
    keys: { '#': `the ${hash} key`, '*': 'the star key' },
    prompts: {
      card: ({ key }) => `Please enter your card number, then press ${key}.`,
      expiry: ({ key }) =>
        `Please enter the expiry date of the card, two digits for the month and two for the year, then press ${key}. For March 2031, for example, enter 0, 3, 3, 1.`,
      cvc: ({ key }) => `Please enter the security code of the card, three or four digits, then press ${key}.`,
      account: (about) =>
        `Please enter your account number${ofDigits(about, (count) => ` of ${count} digits`, 'to')}, then press ${about.key}.`,
      pin: (about) =>
        `Please enter your PIN${ofDigits(about, (count) => ` of ${count} digits`, 'to')}, then press ${about.key}.`,
      digits: ({ key, name = 'number' }) => `Please enter your ${name}, then press ${key}.`,
    },
    silence: 'We did not receive any digits.',
    faults: {
      length: 'That is not the right number of digits.',
      luhn: 'That is not a valid card number.',
      expired: 'That date is in the past, or is not a month and a year.',
    },
    confirm: (last4) =>
      `The number ends in ${last4}. <break time="300ms"/> If that is right, press 1. To enter it again, press 2.`,
    attempts: 'We did not receive what we need.',
    success: 'Thank you. We have received your details.',
    failure: 'Sorry, that did not work.',
    unknown: 'Sorry, we cannot tell whether that worked. Please do not try again before you have spoken to us.',
    transfer: 'Sorry, we cannot connect you. Please call again later.',
  };
}

const german: Wording = {
  voice: 'Vicki',
  keys: { '#': 'die Rautetaste', '*': 'die Sterntaste' },
  prompts: {
    card: ({ key }) => `Bitte geben Sie Ihre Kartennummer ein und drücken Sie dann ${key}.`,
    expiry: ({ key }) =>
      `Bitte geben Sie das Ablaufdatum der Karte ein, zwei Ziffern für den Monat und zwei für das Jahr, und drücken Sie dann ${key}. Für März 2031 zum Beispiel 0, 3, 3, 1.`,
    cvc: ({ key }) =>
      `Bitte geben Sie die Prüfnummer der Karte ein, drei oder vier Ziffern, und drücken Sie dann ${key}.`,
    account: (about) =>
      `Bitte geben Sie Ihre Kontonummer${ofDigits(about, (count) => ` mit ${count} Ziffern`, 'bis')} ein und drücken Sie dann ${about.key}.`,
    pin: (about) =>
      `Bitte geben Sie Ihre PIN${ofDigits(about, (count) => ` mit ${count} Ziffern`, 'bis')} ein und drücken Sie dann ${about.key}.`,
    digits: ({ key }) => `Bitte geben Sie Ihre Nummer ein und drücken Sie dann ${key}.`,
  },
  silence: 'Wir haben keine Eingabe erhalten.',
  faults: {
    length: 'Die Anzahl der Ziffern stimmt nicht.',
    luhn: 'Das ist keine gültige Kartennummer.',
    expired: 'Das Datum liegt in der Vergangenheit oder ist kein Monat und Jahr.',
  },
  confirm: (last4) =>
    `Die Nummer endet mit ${last4}. <break time="300ms"/> Wenn das richtig ist, drücken Sie die 1. Für eine neue Eingabe drücken Sie die 2.`,
  attempts: 'Wir haben nicht erhalten, was wir brauchen.',
  success: 'Vielen Dank. Wir haben Ihre Angaben erhalten.',
  failure: 'Das hat leider nicht funktioniert.',
  unknown:
    'Wir können leider nicht sagen, ob das funktioniert hat. Bitte versuchen Sie es nicht noch einmal, bevor Sie mit uns gesprochen haben.',
  transfer: 'Wir können Sie leider nicht verbinden. Bitte rufen Sie später noch einmal an.',
};

const french: Wording = {
  voice: 'Lea',
  keys: { '#': 'dièse', '*': 'étoile' },
  prompts: {
    card: ({ key }) => `Veuillez saisir votre numéro de carte, puis appuyez sur la touche ${key}.`,
    expiry: ({ key }) =>
      `Veuillez saisir la date d’expiration de la carte, deux chiffres pour le mois et deux pour l’année, puis appuyez sur la touche ${key}. Pour mars 2031, par exemple, saisissez 0, 3, 3, 1.`,
    cvc: ({ key }) =>
      `Veuillez saisir le code de sécurité de la carte, trois ou quatre chiffres, puis appuyez sur la touche ${key}.`,
    account: (about) =>
      `Veuillez saisir votre numéro de compte${ofDigits(about, (count) => ` de ${count} chiffres`, 'à')}, puis appuyez sur la touche ${about.key}.`,
    pin: (about) =>
      `Veuillez saisir votre code PIN${ofDigits(about, (count) => ` de ${count} chiffres`, 'à')}, puis appuyez sur la touche ${about.key}.`,
    digits: ({ key }) => `Veuillez saisir votre numéro, puis appuyez sur la touche ${key}.`,
  },
  silence: 'Nous n’avons reçu aucun chiffre.',
  faults: {
    length: 'Le nombre de chiffres n’est pas correct.',
    luhn: 'Ce numéro de carte n’est pas valide.',
    expired: 'Cette date est passée, ou n’est pas un mois et une année.',
  },
  confirm: (last4) =>
    `Le numéro se termine par ${last4}. <break time="300ms"/> Si c’est exact, appuyez sur 1. Pour le saisir à nouveau, appuyez sur 2.`,
  attempts: 'Nous n’avons pas reçu les informations nécessaires.',
  success: 'Merci. Nous avons bien reçu vos informations.',
  failure: 'Désolé, cela n’a pas fonctionné.',
  unknown:
    'Désolé, nous ne pouvons pas dire si cela a fonctionné. Veuillez ne pas réessayer avant de nous avoir parlé.',
  transfer: 'Désolé, nous ne pouvons pas vous mettre en relation. Veuillez rappeler plus tard.',
};

function spanish(voice: string): Wording {
  return {
    voice,
    keys: { '#': 'la tecla numeral', '*': 'la tecla asterisco' },
    prompts: {
      card: ({ key }) => `Introduzca el número de su tarjeta y, a continuación, pulse ${key}.`,
      expiry: ({ key }) =>
        `Introduzca la fecha de caducidad de la tarjeta, dos dígitos para el mes y dos para el año, y pulse ${key}. Para marzo de 2031, por ejemplo, introduzca 0, 3, 3, 1.`,
      cvc: ({ key }) => `Introduzca el código de seguridad de la tarjeta, de tres o cuatro dígitos, y pulse ${key}.`,
      account: (about) =>
        `Introduzca su número de cuenta${ofDigits(about, (count) => ` de ${count} dígitos`, 'a')} y pulse ${about.key}.`,
      pin: (about) =>
        `Introduzca su PIN${ofDigits(about, (count) => ` de ${count} dígitos`, 'a')} y pulse ${about.key}.`,
      digits: ({ key }) => `Introduzca su número y pulse ${key}.`,
    },
    silence: 'No hemos recibido ningún dígito.',
    faults: {
      length: 'El número de dígitos no es correcto.',
      luhn: 'Ese número de tarjeta no es válido.',
      expired: 'Esa fecha ya ha pasado, o no es un mes y un año.',
    },
    confirm: (last4) =>
      `El número termina en ${last4}. <break time="300ms"/> Si es correcto, pulse 1. Para introducirlo de nuevo, pulse 2.`,
    attempts: 'No hemos recibido los datos necesarios.',
    success: 'Gracias. Hemos recibido sus datos.',
    failure: 'Lo sentimos, no ha funcionado.',
    unknown: 'Lo sentimos, no sabemos si ha funcionado. No vuelva a intentarlo antes de hablar con nosotros.',
    transfer: 'Lo sentimos, no podemos pasarle. Vuelva a llamar más tarde.',
  };
}

/** The languages that a flow can be written in, as BCP 47 tags. */
export const wordings = {
  'en-US': english('Joanna', 'pound'),
  'en-GB': english('Amy', 'hash'),
  'en-AU': english('Olivia', 'hash'),
  'de-DE': german,
  'es-ES': spanish('Lucia'),
  'es-US': spanish('Lupe'),
  'fr-FR': french,
} as const satisfies Readonly<Record<string, Wording>>;

export type FlowLanguage = keyof typeof wordings;
