// For a browser's page and for the virtual machine of edge-runtime: the report as a global.
import { runSuite } from '../suite.ts';

Object.assign(globalThis, { report: runSuite() });
