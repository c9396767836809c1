import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { python } from '../support/python.ts';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Resource {
  readonly Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: every type of resource has its own properties.
  readonly Properties: any;
}

export interface Stack {
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: Readonly<Record<string, Resource>>;
}

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

/** Deploys template.yaml to moto with each of these parameters: returns the stack, or why CloudFormation refuses it. */
export async function deployed(
  parameters: readonly Readonly<Record<string, string>>[],
): Promise<readonly (Stack & { readonly refused?: string })[]> {
  const { stdout } = await run(
    python,
    [fileURLToPath(new URL('deploy.py', import.meta.url)), JSON.stringify(parameters)],
    // Without the endpoints that other tests set, because moto runs in this process.
    { env: { PATH: process.env['PATH'] } },
  );
  return JSON.parse(stdout);
}

/** The permissions of each role in the stack, by its name in the template. */
export function statementsOf({ resources }: Stack): Readonly<Record<string, readonly Statement[]>> {
  const roles = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::IAM::Role');
  return Object.fromEntries(
    roles.map(
      ([
        name,
        {
          Properties: { Policies = [], ManagedPolicyArns = [] },
        },
      ]) => {
        if (ManagedPolicyArns.length > 0) throw new Error(`${name} has policies that are not in the template.`);
        return [
          name,
          Policies.flatMap(({ PolicyDocument }: { PolicyDocument: { Statement: (Statement | null)[] } }) =>
            // moto leaves `null` for a statement that a condition omits.
            PolicyDocument.Statement.filter((statement) => statement !== null),
          ),
        ];
      },
    ),
  );
}
