import { build, type Plugin as EsbuildPlugin, type Metafile } from 'esbuild';
import type { Plugin as VitePlugin } from 'vite';
import { standInsForEsbuild } from './stand-ins.ts';

// Bundles the script of a page as text: `import script from './inspector.ts?browser'`.
const suffix = /\?browser$/;

async function browserScript(file: string): Promise<{ readonly text: string; readonly metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    minify: true,
    write: false,
    metafile: true,
    plugins: [standInsForEsbuild],
  });
  return { text: outputFiles.map(({ text }) => text).join(''), metafile };
}

/** @param onBundled receives the contents of each script */
export function browserScriptsForEsbuild(onBundled: (metafile: Metafile) => void): EsbuildPlugin {
  return {
    name: 'browser-scripts',
    setup({ onResolve, onLoad, resolve }) {
      onResolve({ filter: suffix }, async ({ path, importer, kind, resolveDir }) => {
        const script = await resolve(path.replace(suffix, ''), { importer, kind, resolveDir });
        return { path: script.path, namespace: 'browser-script' };
      });
      onLoad({ filter: /./, namespace: 'browser-script' }, async ({ path }) => {
        const { text, metafile } = await browserScript(path);
        onBundled(metafile);
        return { contents: text, loader: 'text' };
      });
    },
  };
}

/** For tests, which run on the sources. */
export const browserScriptsForVite: VitePlugin = {
  name: 'browser-scripts',
  enforce: 'pre',
  async load(id) {
    if (!suffix.test(id)) return undefined;
    const { text } = await browserScript(id.replace(suffix, ''));
    return `export default ${JSON.stringify(text)};`;
  },
};
