import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** The built command line. */
export const cliExecutable = fileURLToPath(new URL('../../dist/cli/flow-keys.js', import.meta.url));

/** The output and exit code of a run of `flow-keys`. */
export interface CliRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly input?: string;
  readonly cwd?: string;
  /** The whole environment except `PATH`. */
  readonly environment?: Readonly<Record<string, string>>;
}

// Environment, directory and standard input belong to the process, so runs are sequential.
let last: Promise<unknown> = Promise.resolve();

/** Runs the command line in this process. */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const run = last.then(() => runHere(args, options));
  last = run.catch(() => {});
  return run;
}

async function runHere(args: readonly string[], { input = '', cwd, environment = {} }: CliOptions): Promise<CliRun> {
  const { main } = await import('../../cli/main.ts');
  const [env, directory, stdin] = [process.env, process.cwd(), process.stdin];
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    new Writable({
      decodeStrings: false,
      write(chunk, _, done) {
        written[name] += chunk;
        done();
      },
    });
  process.env = { PATH: env['PATH'], ...isolated, ...environment };
  Object.defineProperty(process, 'stdin', { value: Readable.from([Buffer.from(input)]), configurable: true });
  if (cwd !== undefined) process.chdir(cwd);
  try {
    const exitCode = await main(args, { stdout: stream('stdout'), stderr: stream('stderr') });
    return { exitCode, ...written };
  } finally {
    process.env = env;
    process.chdir(directory);
    Object.defineProperty(process, 'stdin', { value: stdin, configurable: true });
  }
}

// Keeps out the configuration of this machine.
const isolated = { HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' };

/** Runs the built command line in its own process. */
export async function runBuiltCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { child, ended } = startCli(args, options);
  child.stdin?.end(options.input ?? '');
  return ended;
}

/** A running command. */
export interface StartedCli {
  readonly child: ChildProcess;
  readonly ended: Promise<CliRun>;
  /** Waits until it has written a text to standard error. */
  wrote(text: string): Promise<void>;
}

export function startCli(args: readonly string[], { cwd, environment = {} }: CliOptions = {}): StartedCli {
  const child = spawn(process.execPath, [cliExecutable, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], ...isolated, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      written[name] += chunk;
    });
  }
  return {
    child,
    ended: once(child, 'close').then(([exitCode]) => ({ exitCode, ...written })),
    async wrote(text) {
      while (!written.stderr.includes(text)) await once(child.stderr, 'data');
    },
  };
}

/** The output of a command with `--json`. Throws if the command failed. */
export async function answerOf(
  args: readonly string[],
  options: CliOptions = {},
): Promise<ReturnType<typeof JSON.parse>> {
  const { exitCode, stdout, stderr } = await runCli([...args, '--json'], options);
  if (exitCode !== 0 && exitCode !== 4)
    throw new Error(`flow-keys ${args.join(' ')} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout);
}
