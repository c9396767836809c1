import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** The HTTP service in a process of its own, on loopback. */
export interface LocalService {
  readonly origin: string;
  readonly processId: number;
  /** Stops it, and gives all that was written to its standard output and error since it was ready. */
  stop(): Promise<string>;
}

/** Ends a process, and waits until its output is closed. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
