import type { Reporter } from 'vitest/node';

// What workerd itself says of a connection that a test refuses or breaks. The vitest plugin passes it on, and has no
// option to leave it out.
const brokenConnection =
  /^(exception = .*disconnected: |uncaught exception; .*(disconnected: |Network connection lost)|stack: .*workerd@)/;

/** Drops workerd's lines on the connections that tests break on purpose, so that the output shows what is unexpected. */
export const withoutBrokenConnections: Reporter = {
  onInit() {
    for (const output of [process.stdout, process.stderr]) {
      const { write } = output;
      output.write = (chunk: string | Uint8Array, ...rest: never[]) =>
        typeof chunk === 'string' && brokenConnection.test(chunk) ? true : write.call(output, chunk, ...rest);
    }
  },
};
