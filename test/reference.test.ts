import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { generatedPages } from '../build/reference.ts';

it.each(Object.entries(generatedPages))(
  '%s equals what the code says; if not, run node build/reference.ts',
  (path, text) => {
    expect(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')).toBe(text());
  },
);
