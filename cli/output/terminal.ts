import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { CommandError, type ExitCode } from './command-error.ts';

/** What a command has to say: `value` with `--json`, `text` for people. */
export interface Answer {
  readonly value: unknown;
  readonly text: string;
  /** With `--quiet`: the value that scripts need; by default nothing. */
  readonly quiet?: string;
  /** Whether standard output has something else already, so that this goes to standard error. */
  readonly isOnStandardError?: boolean;
  /** Default: 0. */
  readonly exitCode?: ExitCode;
}

export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

/** Where a command talks to its user while it works. Answers go to standard output, all else to standard error. */
export interface Terminal {
  /** Whether somebody can be asked. */
  readonly isInteractive: boolean;
  /** Writes output while it is made, and waits for its reader. */
  write(text: string): Promise<void>;
  /** Tells of a step that is done. */
  note(line: string): void;
  /** Waits for work, and says so when it takes more than a second. */
  during<T>(what: string, work: Promise<T>): Promise<T>;
  /**
   * Asks before what cannot be undone.
   *
   * @throws CommandError `confirmation_needed` when the user says no, or when there is nobody to ask
   */
  confirm(question: string): Promise<void>;
  /** What somebody at the terminal answers; `undefined` where there is nobody, or who leaves. */
  ask(question: string): Promise<string | undefined>;
  /** The same, and what is typed is not shown. */
  askSecret(question: string): Promise<string | undefined>;
}

// Anything shorter needs no word.
const patienceMilliseconds = 1_000;

/** Where the command line writes. */
export interface Streams {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

export function terminal({
  yes,
  quiet,
  stdout,
  stderr,
}: { readonly yes: boolean; readonly quiet: boolean } & Streams): Terminal {
  const isInteractive = Boolean(process.stdin.isTTY && stderr.isTTY);
  return {
    isInteractive,

    async write(text) {
      if (!stdout.write(text)) await once(stdout, 'drain');
    },

    note(line) {
      if (!quiet) stderr.write(`${line}\n`);
    },

    async during(what, work) {
      if (quiet) return work;
      let isOver = false;
      let spinner: { stop(): unknown } | undefined;
      const timer = setTimeout(async () => {
        if (!stderr.isTTY) return void stderr.write(`${what} …\n`);
        const { default: ora } = await import('ora');
        if (!isOver) spinner = ora({ text: what, stream: stderr, discardStdin: false }).start();
      }, patienceMilliseconds);
      try {
        return await work;
      } finally {
        isOver = true;
        clearTimeout(timer);
        spinner?.stop();
      }
    },

    async ask(question) {
      if (!isInteractive) return undefined;
      const lines = createInterface({ input: process.stdin, output: stderr });
      const left = once(lines, 'close').then(() => undefined);
      const answered = lines.question(`${printable(question)} `).catch(() => undefined);
      const answer = await Promise.race([answered, left]);
      lines.close();
      return answer?.trim();
    },

    async askSecret(question) {
      if (!isInteractive) return undefined;
      stderr.write(`${printable(question)} `);
      const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
      const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
      const left = once(lines, 'close').then(() => undefined);
      const answer = await Promise.race([lines.question('').catch(() => undefined), left]);
      lines.close();
      stderr.write('\n');
      return answer;
    },

    async confirm(question) {
      if (yes) return;
      if (!isInteractive) {
        const message = `${printable(question)} Nobody can be asked here: run it on a terminal, or with --yes.`;
        throw new CommandError('confirmation_needed', message);
      }
      const lines = createInterface({ input: process.stdin, output: stderr });
      // Who presses Ctrl-C or Ctrl-D says no.
      const left = once(lines, 'close').then(() => '');
      const answered = lines.question(`${printable(question)} Type "yes" to go on: `).catch(() => '');
      const answer = await Promise.race([answered, left]);
      lines.close();
      if (answer.trim().toLowerCase() === 'yes') return;
      throw new CommandError(
        'confirmation_needed',
        'Stopped before that. Run the same command again when you are ready.',
      );
    },
  };
}

/** Text for standard output, coloured if that is a terminal (and `NO_COLOR` is not set). */
export function coloured(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}

/** Text that somebody else has written, in a message or a store, which must not steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\u{fffd}');
}

/** Columns of equal width, to be coloured by line. */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printable));
  const widths = rows.reduce<readonly number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)),
    [],
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
