import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { writeKeyDirectory } from '../../demo/key-directory.ts';
import { flowKeys, startNode } from '../../demo/node.ts';
import { privateKeyOf, recordingNamed } from '../recordings/recordings.ts';
import { awsSettings } from '../support/aws-settings.ts';

const card = recordingNamed('java rsa2048-card-number');
const body = JSON.stringify({ ciphertext: card.ciphertext });

let directory: string;
beforeAll(async () => {
  directory = await writeKeyDirectory([[card.keyId, privateKeyOf(card)]]);
});
afterAll(() => rm(directory, { recursive: true }));

/** Runs `flow-keys` to its end, and returns its output and exit code. */
async function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const env = { PATH: process.env['PATH'], ...environment };
  const child = spawn(process.execPath, [flowKeys, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [exitCode]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { output, errors, exitCode };
}

describe('flow-keys serve', () => {
  it('serves a directory for a token of flow-keys token, until it is stopped', async () => {
    const { output } = await run(['token', '--routes', 'decrypt']);
    const [, token = '', setting = ''] = output.match(/caller\)\s+(\S+)\n.*this\) (\S+)\n/) ?? [];
    const service = await startNode(['--keys', directory], { BEARER_TOKEN_HASHES: setting });
    const call = (path: string) =>
      fetch(service.origin + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body,
      });
    expect(await (await call('/v1/decrypt')).json()).toMatchObject({ plaintext: card.plaintext });
    expect((await call('/v1/inspect')).status).toBe(403);
    const written = await service.stop();
    expect(written.match(/"status":/g)).toHaveLength(2);
    expect(written).not.toContain(token);
  });

  it.runIf(inject('awsEndpoint'))('serves keys from AWS', async () => {
    const service = await startNode([], { DEVELOPMENT: 'true', ...awsSettings(inject('awsEndpoint') ?? '') });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${service.origin}/v1/decrypt`, { method: 'POST', headers, body });
    expect(await response.json()).toMatchObject({ plaintext: card.plaintext });
    expect((await fetch(`${service.origin}/readyz`)).status).toBe(200);
    await service.stop();
  });

  it('runs as in its container image: in its own folder, without permission to write or to start processes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'image-'));
    await cp(dirname(flowKeys), folder, { recursive: true });
    await cp(fileURLToPath(new URL('../../package.json', import.meta.url)), join(folder, 'package.json'));
    const service = await startNode(
      ['--keys', directory],
      {
        DEVELOPMENT: 'true',
        NODE_OPTIONS: '--permission --allow-fs-read=*',
      },
      join(folder, 'flow-keys.js'),
    );
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${service.origin}/v1/decrypt`, { method: 'POST', headers, body });
    expect(await response.json()).toMatchObject({ plaintext: card.plaintext });
    expect((await fetch(`${service.origin}/metrics`)).status).toBe(200);
    await service.stop();
    await rm(folder, { recursive: true });
  });

  it.for<[string, string[], Record<string, string>, string]>([
    ['no token', ['--keys', '.'], {}, 'BEARER_TOKEN_HASHES'],
    ['a token instead of its hash', ['--keys', '.'], { BEARER_TOKEN_HASHES: 'canary-token' }, 'SHA-256'],
    ['an invalid limit', ['--keys', '.'], { BEARER_TOKEN_HASHES: `${'a'.repeat(64)}:routes=all` }, 'decryptBatch'],
    ['no key store', [], { DEVELOPMENT: 'true' }, '--keys DIR'],
    ['the development flag on all addresses', ['--keys', '.', '--host', '0.0.0.0'], { DEVELOPMENT: 'true' }, '0.0.0.0'],
    ['an invalid time', ['--keys', '.'], { DEVELOPMENT: 'true', TIMEOUT: 'long' }, 'milliseconds'],
    ['an issuer without audience', ['--keys', '.'], { JWT_ISSUER: 'https://issuer.example' }, 'JWT_AUDIENCE'],
    [
      'keys of an issuer over plain HTTP',
      ['--keys', '.'],
      { JWT_ISSUER: 'x', JWT_AUDIENCE: 'y', JWT_JWKS_URL: 'http://issuer.example/keys' },
      'https',
    ],
    [
      'an algorithm with a shared secret',
      ['--keys', '.'],
      { JWT_ISSUER: 'x', JWT_AUDIENCE: 'y', JWT_JWKS_URL: 'https://issuer.example/keys', JWT_ALGORITHMS: 'HS256' },
      'JWT_ALGORITHMS',
    ],
  ])('refuses to start with %s, in one sentence', async ([, args, environment, hint]) => {
    const { errors, exitCode } = await run(['serve', '--port', '0', ...args], environment);
    expect(exitCode).toBe(6);
    expect(errors).toContain('not_configured: ');
    expect(errors).toContain(hint);
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(errors).not.toContain('canary');
  });

  it('creates no token that it would not accept', async () => {
    for (const limit of ['--routes=everything', '--key-ids=']) {
      const { output, exitCode } = await run(['token', limit]);
      expect([output, exitCode]).toEqual(['', 2]);
    }
  });

  it('reports an unknown option, and an invalid port', async () => {
    expect(await run(['serve', '--colour'])).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('Unknown option'),
    });
    expect(await run(['serve', '--port', 'http'])).toMatchObject({
      exitCode: 2,
      errors: expect.stringContaining('--port'),
    });
  });
});
