// What a terminal or a viewer of logs would obey or break a line at, and JSON does not escape: the C1 controls, line
// separators, and what sets the direction of text.
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** A record as one line of JSON, in which no text that somebody sent can look like another line. */
export function logLine(record: object): string {
  return JSON.stringify(record).replace(
    unsafe,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
