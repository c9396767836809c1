import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { styleText } from 'node:util';
import { CommandError, type ExitCode } from './command-error.ts';

/** The output of a command: `value` with `--json`, `text` for people. */
export interface Answer {
  readonly value: unknown;
  readonly text: string;
  /** With `--quiet`: the value that scripts need. Default: no output. */
  readonly quiet?: string;
  /** Whether to write to standard error, because standard output already has the result. */
  readonly isOnStandardError?: boolean;
  /** Default: 0. */
  readonly exitCode?: ExitCode;
}

export type Colour = 'green' | 'yellow' | 'red' | 'dim' | 'bold';

/** How a running command talks to its user. Results go to standard output, all else to standard error. */
export interface Terminal {
  /** Whether somebody can answer questions. */
  readonly isInteractive: boolean;
  /** Writes to standard output, and waits while its reader is slow. */
  write(text: string): Promise<void>;
  /** Writes a line to standard error. */
  note(line: string): void;
  /** Waits for `work`, and shows `what` when it takes more than a second. */
  during<T>(what: string, work: Promise<T>): Promise<T>;
  /**
   * Asks before what cannot be undone.
   *
   * @throws CommandError `confirmation_needed` when the user says no, or when nobody can be asked
   */
  confirm(question: string): Promise<void>;
  /** The user's answer; `undefined` when nobody can be asked, or when they leave with Ctrl-C or Ctrl-D. */
  ask(question: string): Promise<string | undefined>;
  /** The same, without showing what is typed. */
  askSecret(question: string): Promise<string | undefined>;
}

const quietMilliseconds = 1_000;

/** The streams of the process, or those of a test. */
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
      }, quietMilliseconds);
      try {
        return await work;
      } finally {
        isOver = true;
        clearTimeout(timer);
        spinner?.stop();
      }
    },

    async ask(question) {
      return isInteractive ? (await readLine(`${printable(question)} `, stderr))?.trim() : undefined;
    },

    async askSecret(question) {
      if (!isInteractive) return undefined;
      stderr.write(`${printable(question)} `);
      const secret = await readLine('', new Writable({ write: (_chunk, _encoding, done) => done() }));
      stderr.write('\n');
      return secret;
    },

    async confirm(question) {
      if (yes) return;
      if (!isInteractive) {
        const message = `${printable(question)} Nobody can answer here: run the command on a terminal, or pass --yes.`;
        throw new CommandError('confirmation_needed', message);
      }
      const answer = await readLine(`${printable(question)} Type "yes" to continue: `, stderr);
      if (answer?.trim().toLowerCase() === 'yes') return;
      throw new CommandError('confirmation_needed', 'Stopped. Run the same command again when you are ready.');
    },
  };
}

/** A line that the user types; `undefined` when they press Ctrl-C or Ctrl-D instead. */
async function readLine(prompt: string, output: NodeJS.WritableStream): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const closed = once(lines, 'close').then(() => undefined);
  const answer = await Promise.race([lines.question(prompt).catch(() => undefined), closed]);
  lines.close();
  return answer;
}

/** Text for standard output, coloured if that is a terminal (and `NO_COLOR` is not set). */
export function coloured(colour: Colour, text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}

/** Text from a message or a store, without the control characters that would steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '\u{fffd}');
}

/**
 * Columns of equal width.
 *
 * @param paint colours the line of a row, by its index
 */
export function table(
  cells: readonly (readonly string[])[],
  paint: (line: string, row: number) => string = (line) => line,
): string {
  const rows = cells.map((row) => row.map(printable));
  const widths = rows.reduce<readonly number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)),
    [],
  );
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line, row) => paint(line.trimEnd(), row)).join('\n');
}
