import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pages } from '../../build/site/pages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every page that people read in the repository, by its path. */
export const documents: readonly string[] = [
  ...pages,
  ...readdirSync(`${root}examples`).map((name) => `examples/${name}/README.md`),
  'test/recordings/README.md',
  '.github/pull_request_template.md',
];

export function readDocument(path: string): string {
  return readFileSync(root + path, 'utf8');
}

export interface Block {
  readonly document: string;
  /** The line of its first line of code. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

/** The fenced blocks of a document. */
export function blocksOf(document: string): readonly Block[] {
  const text = readDocument(document);
  return Array.from(
    text.matchAll(/^( *)```(\w*)\n(.*?)^\1```$/gms),
    ({ index, 1: indent = '', 2: language = '', 3: code = '' }) => ({
      document,
      line: text.slice(0, index).split('\n').length + 1,
      language,
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
    }),
  );
}
