import type { Reporter } from 'vitest/node';

// What workerd logs when a test refuses or breaks a connection. The vitest plugin has no option to omit it.
const brokenConnection =
  /^(exception = .*disconnected: |uncaught exception; .*(disconnected: |Network connection lost)|stack: .*workerd@)/;

/** Drops workerd's log lines about connections that tests break on purpose. */
export const withoutBrokenConnections: Reporter = {
  onInit() {
    for (const output of [process.stdout, process.stderr]) {
      const { write } = output;
      output.write = (chunk: string | Uint8Array, ...rest: never[]) =>
        typeof chunk === 'string' && brokenConnection.test(chunk) ? true : write.call(output, chunk, ...rest);
    }
  },
};
