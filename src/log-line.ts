// JSON does not escape C1 controls, line separators and bidirectional controls, but terminals and log viewers act on them.
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** Formats a record as one line of JSON, in which no text from a caller can look like another line. */
export function logLine(record: object): string {
  return JSON.stringify(record).replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
