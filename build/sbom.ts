// Prints the software bill of materials of the published package, in CycloneDX 1.5 (https://cyclonedx.org/docs/1.5/json/).
// `npm sbom` lists everything that is installed to build it. This lists only what is in `dist` after `npm run build`.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import packageJson from '../package.json' with { type: 'json' };

interface Bom {
  readonly metadata: { readonly component: object };
  readonly components: readonly {
    readonly 'bom-ref': string;
    readonly externalReferences: readonly { readonly url: string }[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const bundled: readonly string[] = JSON.parse(readFileSync('dist/bundled-packages.json', 'utf8'));
const { name, version } = packageJson;
const installed: Bom = JSON.parse(
  execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], { encoding: 'utf8', maxBuffer: 2 ** 26 }),
);

const components = installed.components.filter((component) => bundled.includes(component['bom-ref']));
const missing = bundled.filter((reference) => !components.some((component) => component['bom-ref'] === reference));
if (missing.length > 0) throw new Error(`npm does not list ${missing.join(', ')}. Run npm ci and npm run build.`);

const ofBundled = installed.dependencies.filter(({ ref }) => bundled.includes(ref));
const bom = {
  ...installed,
  metadata: {
    ...installed.metadata,
    lifecycles: [{ phase: 'build' }],
    component: { ...installed.metadata.component, name },
  },
  components: components.map(({ externalReferences, ...component }) => ({
    ...component,
    properties: [],
    // Some packages name a repository that is not a URL.
    externalReferences: externalReferences.filter(({ url }) => URL.canParse(url)),
  })),
  dependencies: [
    { ref: `${name}@${version}`, dependsOn: bundled },
    ...ofBundled.map(({ ref, dependsOn }) => ({
      ref,
      dependsOn: dependsOn.filter((reference) => bundled.includes(reference)),
    })),
  ],
};
console.log(JSON.stringify(bom, null, 2));
