import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedPages } from '../build/reference.ts';

it.each(Object.entries(generatedPages))(
  '%s equals what the code says; if not, run node build/reference.ts',
  async (path, pageOf) => {
    const page = await pageOf();
    expect(page.length).toBeGreaterThan(1_000);
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(page);
  },
);
