import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, posix } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };

const root = new URL('../..', import.meta.url);

/** The sidebar: groups of pages, by their paths in the repository. A test fails when a page is in no group. */
export const groups: Readonly<Record<string, readonly string[]>> = {
  Start: ['README.md', 'docs/start-here.md', 'docs/questions.md'],
  Flows: ['docs/flows.md', 'docs/charge-a-card.md', 'docs/consumers.md'],
  Keys: ['docs/keys.md', 'docs/key-stores.md', 'docs/rotation.md'],
  Run: [
    'docs/first-deployment.md',
    'docs/lambda.md',
    'docs/http.md',
    'docs/self-hosting.md',
    'docs/workers.md',
    'docs/costs.md',
    'docs/past-one-account.md',
  ],
  'When something is wrong': [
    'docs/callers-hear-the-error-message.md',
    'docs/expired-certificate.md',
    'docs/leaked-key.md',
    'docs/restoring.md',
  ],
  'Moving in': ['docs/moving-in.md', 'docs/moving-from-the-article.md'],
  Reference: [
    'docs/command-line.md',
    'docs/settings.md',
    'docs/errors.md',
    'docs/library.md',
    'docs/performance.md',
    'docs/runtimes.md',
    'docs/tested.md',
    'SECURITY.md',
    'CHANGELOG.md',
  ],
  Inside: ['docs/architecture.md', 'docs/decisions', 'CONTRIBUTING.md'],
};

/** Every page of the site that is a file of the repository. */
export const pages: readonly string[] = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(new URL('docs', root), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`)
    .toSorted(),
];

/** Where a page is on the site, as Markdown: `docs/flows.md` is `flows.md`. */
export function sitePath(page: string): string {
  if (page === 'README.md') return 'index.md';
  if (page === 'docs/decisions') return 'decisions/index.md';
  return page.startsWith('docs/') ? page.slice('docs/'.length) : page.toLowerCase();
}

export function titleOf(page: string): string {
  if (page === 'README.md') return 'Overview';
  if (page === 'docs/decisions') return 'Decisions';
  const [, title] = readFileSync(new URL(page, root), 'utf8').match(/^# (.+)$/m) ?? [];
  if (title === undefined) throw new Error(`${page} has no title.`);
  return title;
}

const [repository] = manifest.repository.url.match(/https:.*(?=\.git$)/) ?? [];

/** A file or a folder of the repository, where people read it. */
export function repositoryUrl(path: string): string {
  const kind = statSync(new URL(path, root)).isDirectory() ? 'tree' : 'blob';
  return `${repository}/${kind}/main/${path}`;
}

/** A page's text for the site: its links lead to pages of the site, or to the repository. */
export function siteText(page: string): string {
  const text = readFileSync(new URL(page, root), 'utf8');
  const here = sitePath(page);
  // Code stays as it is.
  return text.replaceAll(/^ *```.*?^ *```|`[^`\n]+`|\]\(([^)\s]+)\)/gms, (whole: string, link?: string) =>
    link === undefined ? whole : `](${siteLink(page, here, link)})`,
  );
}

function siteLink(page: string, here: string, link: string): string {
  if (/^(https?:|#)/.test(link)) return link;
  const [path = '', ...anchor] = link.split('#');
  const target = posix.join(dirname(page), path).replace(/\/$/, '');
  const isOnSite = pages.includes(target) || target === 'docs/decisions' || target.startsWith('docs/images/');
  const to = isOnSite ? relativePath(here, sitePath(target)) : repositoryUrl(target);
  return [to, ...anchor].join('#');
}

function relativePath(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}

/** An anchor as GitHub makes it of a heading, so that one link works in both places. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
