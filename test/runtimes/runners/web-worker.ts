// For a browser's Web Worker: the report as its message.
import { runSuite } from '../suite.ts';

postMessage(await runSuite());
