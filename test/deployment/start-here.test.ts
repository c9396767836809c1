import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bash, blockOf, commandsOf, endsAll, freePort, makeClone, replaced } from './clone.ts';
import { root } from './stack.ts';

const page = 'docs/start-here.md';

let folder: string;
beforeEach(async () => {
  folder = await makeClone();
});
afterEach(() => rm(folder, { recursive: true }));

const first = async () => replaced(await commandsOf(page, 'first'), [['npm ci && npm run build', ':']]);

describe('The ways of docs/start-here.md', { timeout: 120_000 }, () => {
  it('lead an administrator to a call through a flow', async () => {
    const commands = await commandsOf(page, 'administrator');
    const output = await bash(folder, [...(await first()), ...commands]);
    expect(output).toContain('Ended: disconnected at "Disconnect" (the flow disconnects)');
    expect(output).toContain('Recorded while keys were pressed: nothing that the flow switches on');
    const mistyped = commands.map((command) => command.replace('4111111111111111', '4111111111111112'));
    expect(mistyped).not.toEqual(commands);
    const keyId = 'KEY_ID=$(ls keys)';
    await expect(
      bash(folder, [keyId, ...mistyped.filter((command) => !command.includes('flow write'))]),
    ).resolves.toContain('loop 2');
  });

  it('lead a Lambda developer to code that uses a card number', async () => {
    await writeFile(join(folder, 'pay.ts'), await blockOf(page, 'file: pay.ts'));
    const output = await bash(folder, [...(await first()), ...(await commandsOf(page, 'developer'))]);
    expect(output).toContain('"reference": "paid-12.50"');
    expect(output).not.toContain('4444444444444444');
  });

  it('lead a Workers developer to a Worker that decrypts', async () => {
    const port = String(await freePort());
    const commands = replaced(await commandsOf(page, 'worker'), [
      ['.dev.vars.staging', 'variables'],
      ['npx wrangler dev', `npx wrangler dev --config ${root}wrangler.toml --env-file $PWD/variables`],
      ['8787', port],
      [' &', ' &> wrangler.log &'],
    ]);
    const environment = { CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false' };
    expect(await bash(folder, [endsAll, ...(await first()), ...commands], environment)).toContain(
      '"plaintext":"4444444444444444"',
    );
  });
});
