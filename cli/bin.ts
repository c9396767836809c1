#!/usr/bin/env node
import { main } from './main.ts';

const args = process.argv.slice(2);
// Whoever reads may have heard enough; the service goes on without a reader of its log.
if (args[0] !== 'serve') {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
process.exitCode = await main(args, process);
