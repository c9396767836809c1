// build/browser-script.ts bundles such a module for browsers.
declare module '*?browser' {
  const script: string;
  export default script;
}
