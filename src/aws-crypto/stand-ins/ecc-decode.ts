export const decodeNamedCurves: Readonly<Record<string, never>> = {};
