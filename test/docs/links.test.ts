import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { anchorOf } from '../../build/site/pages.ts';
import { documents, readDocument } from '../support/documents.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(path: string): ReadonlySet<string> {
  const text = readFileSync(path, 'utf8').replaceAll(/^```.*?^```/gms, '');
  return new Set(Array.from(text.matchAll(/^#+ (.+)$/gm), ([, heading = '']) => anchorOf(heading)));
}

it.for(documents)('%s links to what is there', (page) => {
  const text = readDocument(page).replaceAll(/^ *```.*?^ *```/gms, '');
  const dead: string[] = [];
  for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^\w+:/.test(link)) {
      // Others' pages are not asked for.
      const isFine = URL.canParse(link) && link.startsWith('https://') && !/[\s<>"]|\.$/.test(link);
      if (!isFine) dead.push(link);
      continue;
    }
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? join(root, page) : join(root, dirname(page), path);
    if (!existsSync(target)) dead.push(link);
    else if (anchor !== undefined && !anchorsOf(target).has(anchor)) dead.push(link);
  }
  expect(dead).toEqual([]);
});

it('README.md can be read in one go', () => {
  expect(readDocument('README.md').split('\n').length).toBeLessThanOrEqual(250);
});
