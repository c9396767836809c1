#!/usr/bin/env node
import { main } from './main.ts';

const args = process.argv.slice(2);
// A reader such as `head` may close the pipe early. The service keeps running when nobody reads its log.
if (args[0] !== 'serve') {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit();
  });
}
process.exitCode = await main(args, process);
