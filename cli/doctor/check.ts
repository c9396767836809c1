/** What a check found. */
export interface Finding {
  /** What was looked at, as `private key`. */
  readonly check: string;
  readonly state: 'ok' | 'problem' | 'skipped';
  /** What was found, in a few words. */
  readonly detail: string;
  /** What to do about a problem, as a sentence. */
  readonly mend?: string;
}

export function ok(check: string, detail: string): Finding {
  return { check, state: 'ok', detail };
}

export function problem(check: string, detail: string, mend: string): Finding {
  return { check, state: 'problem', detail, mend };
}

/** @param detail why it was not looked at, or what to pass so that it is */
export function skipped(check: string, detail: string): Finding {
  return { check, state: 'skipped', detail };
}
