import type { ChildProcess, ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

/** The HTTP service in a process of its own, on loopback. */
export interface LocalService {
  readonly origin: string;
  readonly processId: number;
  /** Stops it, and gives all that was written to its standard output and error since it was ready. */
  stop(): Promise<string>;
}

/**
 * The service of a process that says when it is ready.
 *
 * @param announcement what it writes then, with its origin as the first group
 */
export async function announcedService(
  child: ChildProcessByStdio<null, Readable, Readable>,
  announcement: RegExp,
): Promise<LocalService> {
  let written = '';
  let isReady = false;
  const origin = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`The service did not start:\n${written}`)));
    const read = (chunk: Buffer) => {
      written += chunk.toString();
      const [, url] = (isReady ? null : written.match(announcement)) ?? [];
      if (url === undefined) return;
      isReady = true;
      written = '';
      resolve(url);
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
  });
  return {
    origin,
    processId: child.pid ?? 0,
    async stop() {
      await stopProcess(child);
      return written;
    },
  };
}

/** Ends a process, and waits until its output is closed. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
