import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { errorsPage } from '../build/reference.ts';

it('docs/errors.md is up to date (otherwise run: node build/reference.ts)', () => {
  expect(readFileSync(new URL('../docs/errors.md', import.meta.url), 'utf8')).toBe(errorsPage());
});
