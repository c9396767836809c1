import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// Installed from test/requirements.txt.
const installed = (command: string) => fileURLToPath(new URL(`../../.venv/bin/${command}`, import.meta.url));

export const python = installed('python');
export const motoServer = installed('moto_server');
export const schemathesis = installed('schemathesis');
export const connectFlow = installed('connect-flow');
export const sam = installed('sam');
export const cfnLint = installed('cfn-lint');

// Installed from test/deployment/requirements.txt, which conflicts with the others.
export const awsCommandLine = fileURLToPath(new URL('../../.venv/tools/bin/aws', import.meta.url));

/** Whether they are installed. In CI they must be. */
export function hasPython(): boolean {
  if ([motoServer, sam, awsCommandLine].every(existsSync)) return true;
  if (process.env['CI'] !== 'true') return false;
  throw new Error('CI needs the Python tools: bash test/install-tools.sh');
}
