import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// What test/requirements.txt installs.
const installed = (command: string) => fileURLToPath(new URL(`../../.venv/bin/${command}`, import.meta.url));

export const python = installed('python');
export const motoServer = installed('moto_server');
export const schemathesis = installed('schemathesis');
export const connectFlow = installed('connect-flow');
export const sam = installed('sam');
export const cfnLint = installed('cfn-lint');

// What test/deployment/requirements.txt installs, which does not go together with the others.
export const awsCommandLine = fileURLToPath(new URL('../../.venv/tools/bin/aws', import.meta.url));

/** Whether they are there. In CI they must be. */
export function hasPython(): boolean {
  if ([motoServer, sam, awsCommandLine].every(existsSync)) return true;
  if (process.env['CI'] !== 'true') return false;
  throw new Error('CI needs the Python tools: bash test/install-tools.sh');
}
