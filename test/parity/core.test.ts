import { runCore } from './vitest-runner.ts';

runCore('Node');
