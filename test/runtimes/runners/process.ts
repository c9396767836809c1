// For Node, Bun and Deno: the report as a line of JSON on standard output.
import { runSuite } from '../suite.ts';

console.log(JSON.stringify(await runSuite()));
