import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import type { LocalService } from '../../demo/local-service.ts';
import { startNode } from '../../demo/node.ts';
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { sha256Hex } from '../support/sha256.ts';
import { root } from './stack.ts';

const run = promisify(execFile);
const card = recordingNamed('java rsa2048-card-number');

/** The instructions of a stage of the Dockerfile. */
async function stage(name: string): Promise<readonly string[]> {
  const stages = (await readFile(join(root, 'Dockerfile'), 'utf8')).split(/^(?=FROM )/m);
  const found = stages.find((text) => new RegExp(`^FROM .* AS ${name}$`, 'm').test(text));
  if (found === undefined) throw new Error(`There is no stage ${name}.`);
  return found.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const jsonOf = (instructions: readonly string[], name: string): readonly string[] =>
  JSON.parse(instructions.find((line) => line.startsWith(`${name} `))?.slice(name.length) ?? 'null');

// Needs no Docker engine: the steps of the Dockerfile run on this Node, in an empty directory.
describe('The image of the service', () => {
  let folder: string;
  let keys: string;
  let service: LocalService;
  let instructions: readonly string[];
  beforeAll(async () => {
    instructions = await stage('service');
    folder = await mkdtemp(join(tmpdir(), 'image-'));
    for (const line of instructions) {
      const [, from] = line.match(/^COPY --from=build \/build\/(\S+) \.\/$/) ?? [];
      if (from !== undefined) {
        const target = from.includes('.') ? join(folder, basename(from)) : folder;
        await cp(join(root, from), target, { recursive: true });
      }
    }
    keys = await writeKeyDirectory([[card.keyId, privateKeyOf(card)]]);
    const [serve, ...args] = jsonOf(instructions, 'CMD');
    expect(serve).toBe('serve');
    const [, program = ''] = jsonOf(instructions, 'ENTRYPOINT');
    service = await startNode(
      args.map((argument) => (argument === '/keys' ? keys : argument.replace('0.0.0.0', '127.0.0.1'))),
      { BEARER_TOKEN_HASHES: sha256Hex('token') },
      join(folder, program),
    );
  });
  afterAll(async () => {
    await service.stop();
    await Promise.all([folder, keys].map((path) => rm(path, { recursive: true })));
  });

  it('decrypts with the given keys, without an installation', async () => {
    const response = await fetch(`${service.origin}/v1/decrypt`, {
      method: 'POST',
      headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
      body: JSON.stringify({ ciphertext: card.ciphertext }),
    });
    expect(await response.json()).toMatchObject({ plaintext: card.plaintext });
  });

  it('has a health check that passes while the service runs, and fails otherwise', async () => {
    const [, evaluate = '', program = ''] = jsonOf(instructions, 'HEALTHCHECK CMD');
    const check = (origin: string) =>
      run(process.execPath, [evaluate, program.replace('http://127.0.0.1:8080', origin)], { env: {} });
    await check(service.origin);
    await expect(check('http://127.0.0.1:1')).rejects.toMatchObject({ code: 1 });
  });

  it('does not run as root', () => {
    expect(instructions).toContain('USER 65532');
  });
});

describe('The image of the Lambda functions', () => {
  it('contains the directory that the emulator tests run, and starts the same handler', async () => {
    const instructions = await stage('lambda');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of Docker.
    expect(instructions).toContain('COPY --from=build /build/dist/lambda ${LAMBDA_TASK_ROOT}/');
    expect(jsonOf(instructions, 'CMD')).toEqual(['index.handler']);
  });
});
