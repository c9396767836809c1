import manifest from '../../package.json' with { type: 'json' };
import { entryPoints } from '../entry-points.ts';
import { anchorOf, groups, repositoryUrl, sitePath, titleOf } from './pages.ts';

const link = (page: string) => `/${sitePath(page).replace(/(index)?\.md$/, '')}`;

const icon =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" fill="none" stroke="#087f5b" stroke-width="4"><circle cx="10" cy="16" r="6"/><path d="M16 16h14v6M24 16v5"/></svg>';

/** What is used of markdown-it's, which is not among the project's own dependencies. */
interface MarkdownRenderer {
  readonly renderer: {
    readonly rules: Record<
      string,
      (tokens: Token[], index: number, options: unknown, environment: unknown, self: TokenRenderer) => string
    >;
  };
}
interface Token {
  tag: string;
  readonly content: string;
}
interface TokenRenderer {
  renderToken(tokens: Token[], index: number): string;
}

/** VitePress's configuration. */
export default {
  title: manifest.name,
  description: manifest.description,
  lang: 'en',
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(icon)}` }]],
  // The reference's folder has what TypeDoc reads, too.
  srcExclude: ['entries/**'],
  markdown: {
    anchor: { slugify: anchorOf },
    config: ({ renderer }: MarkdownRenderer) => {
      // A header cell without text is not a header.
      for (const rule of ['th_open', 'th_close'] as const) {
        renderer.rules[rule] = (tokens, index, _, __, self) => {
          const token = tokens[index];
          const text = tokens[index + (rule === 'th_open' ? 1 : -1)];
          if (token && text?.content === '') token.tag = 'td';
          return self.renderToken(tokens, index);
        };
      }
    },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  themeConfig: {
    outline: { level: [2, 3] },
    socialLinks: [{ icon: 'github', link: repositoryUrl('').replace(/\/tree\/main\/$/, '') }],
    nav: [
      { text: 'Start here', link: '/start-here' },
      { text: 'Command line', link: '/command-line' },
      { text: 'API reference', link: '/api/' },
    ],
    sidebar: [
      ...Object.entries(groups).map(([text, pages]) => ({
        text,
        items: pages.map((page) => ({ text: titleOf(page), link: link(page) })),
      })),
      {
        text: 'API reference',
        items: entryPoints.map(({ specifier }) => ({
          text: specifier,
          link: `/api/${specifier}`,
        })),
      },
    ],
  },
};
