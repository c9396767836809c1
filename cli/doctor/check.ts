/** The result of a check. */
export interface Finding {
  /** What was checked, such as `private key`. */
  readonly check: string;
  readonly state: 'ok' | 'problem' | 'skipped';
  /** What was found, in a few words. */
  readonly detail: string;
  /** How to fix a problem, as a sentence. */
  readonly fix?: string;
}

export function ok(check: string, detail: string): Finding {
  return { check, state: 'ok', detail };
}

export function problem(check: string, detail: string, fix: string): Finding {
  return { check, state: 'problem', detail, fix };
}

/** @param detail why it was skipped, or which option enables it */
export function skipped(check: string, detail: string): Finding {
  return { check, state: 'skipped', detail };
}
