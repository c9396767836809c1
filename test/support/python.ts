import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

// What test/requirements.txt installs.
const installed = (command: string) => fileURLToPath(new URL(`../../.venv/bin/${command}`, import.meta.url));

export const python = installed('python');
export const motoServer = installed('moto_server');
export const schemathesis = installed('schemathesis');
export const sam = installed('sam');
export const cfnLint = installed('cfn-lint');

/** Whether they are there. In CI they must be. */
export function hasPython(): boolean {
  if (existsSync(motoServer) && existsSync(sam)) return true;
  if (process.env['CI'] !== 'true') return false;
  throw new Error('CI needs the Python tools: python3 -m venv .venv && .venv/bin/pip install -r test/requirements.txt');
}
