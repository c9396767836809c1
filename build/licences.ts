import { readdirSync, readFileSync } from 'node:fs';
import type { Metafile } from 'esbuild';

/** In each folder that is built. */
export const noticeFile = 'THIRD-PARTY-NOTICES.txt';

/** A package of which something is in a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, https://spdx.org/licenses/ */
  readonly licence: string;
  /** Its licence and notice files. */
  readonly texts: readonly string[];
}

/** The files of which something is in what a build wrote. */
export function bundledFiles({ outputs }: Metafile): readonly string[] {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? file : [])),
  );
}

/** The packages that the files are of, by name and version. */
export function packagesOf(files: readonly string[]): readonly BundledPackage[] {
  const folders = new Set(files.flatMap((file) => file.match(packageFolder)?.[0] ?? []));
  return Array.from(folders, readPackage).sort((left, right) => (titleOf(left) < titleOf(right) ? -1 : 1));
}

/** As their licences demand: their texts, each once, under the packages that it is of. */
export function noticeOf(packages: readonly BundledPackage[]): string {
  const holders = new Map<string, string[]>();
  for (const bundled of packages) {
    const text = bundled.texts.join('\n\n');
    holders.set(text, [...(holders.get(text) ?? []), titleOf(bundled)]);
  }
  const sections = Array.from(holders, ([text, titles]) => `${titles.join('\n')}\n\n${text}`);
  return ['The code in this folder includes these packages.', ...sections]
    .join(`\n\n${'-'.repeat(80)}\n\n`)
    .concat('\n');
}

function titleOf({ name, version, licence }: BundledPackage): string {
  return `${name} ${version} (${licence})`;
}

// For packages that name their licence, and do not bring its text.
const standardTexts: Readonly<Record<string, string>> = {
  'Apache-2.0': readFileSync('LICENSE', 'utf8').trim(),
  // https://spdx.org/licenses/MIT.html
  MIT: `MIT License

Copyright (c) <author>

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
  // https://spdx.org/licenses/MIT-0.html
  'MIT-0': `MIT No Attribution

Copyright Amazon.com, Inc. or its affiliates. All Rights Reserved.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
};

// The innermost one, as packages may have packages of their own.
const packageFolder = /^(?!\(disabled\)).*node_modules\/(@[^/]+\/)?[^/]+(?=\/)/;

function readPackage(folder: string): BundledPackage {
  const { name, version, license: licence, author } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const texts = files.sort().map((file) => readFileSync(`${folder}/${file}`, 'utf8').trim());
  if (texts.length > 0) return { name, version, licence, texts };
  const text = standardTexts[licence];
  if (text === undefined) throw new Error(`${folder} has no licence file, and ${licence} no text here: find it.`);
  return {
    name,
    version,
    licence,
    texts: [text.replace('<author>', author?.name ?? author ?? `the authors of ${name}`)],
  };
}
