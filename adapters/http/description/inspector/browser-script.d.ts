// The build's plugin bundles the module for browsers: build/browser-script.ts.
declare module '*?browser' {
  const script: string;
  export default script;
}
