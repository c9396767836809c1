import { readdirSync, readFileSync } from 'node:fs';
import type { Metafile } from 'esbuild';

/** The name of the notices in each folder that is built. */
export const noticeFile = 'THIRD-PARTY-NOTICES.txt';

/** A package that is part of a bundle. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, https://spdx.org/licenses/ */
  readonly licence: string;
  /** Its licence and notice files. */
  readonly texts: readonly string[];
}

/** The source files that contributed to the output of a build. */
export function bundledFiles({ outputs }: Metafile): readonly string[] {
  return Object.values(outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? file : [])),
  );
}

/** The packages that the files belong to, sorted by name and version. */
export function packagesOf(files: readonly string[]): readonly BundledPackage[] {
  const folders = new Set(files.flatMap((file) => file.match(packageFolder)?.[0] ?? []));
  return Array.from(folders, readPackage).sort((left, right) => (titleOf(left) < titleOf(right) ? -1 : 1));
}

/** The notice that the licences demand: each text once, with its packages. */
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

// For packages that name their licence, but do not include its text. From https://spdx.org/licenses/.
const standardTexts: Readonly<Record<string, string>> = {
  'Apache-2.0': 'LICENSE',
  MIT: 'build/licence-texts/MIT.txt',
  'MIT-0': 'build/licence-texts/MIT-0.txt',
};

// The innermost package: packages can contain packages.
const packageFolder = /^(?!\(disabled\)).*node_modules\/(@[^/]+\/)?[^/]+(?=\/)/;

function readPackage(folder: string): BundledPackage {
  const { name, version, license: licence, author } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
  const own = files.sort().map((file) => readText(`${folder}/${file}`));
  if (own.length > 0) return { name, version, licence, texts: own };
  const standard = standardTexts[licence];
  if (standard === undefined)
    throw new Error(`${folder} has no licence file. Add the text of ${licence} to build/licence-texts.`);
  const holder = author?.name ?? author ?? `the authors of ${name}`;
  return { name, version, licence, texts: [readText(standard).replace('<author>', holder)] };
}

function readText(file: string): string {
  return readFileSync(file, 'utf8').trim();
}
