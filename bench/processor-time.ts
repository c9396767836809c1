import { readdirSync, readFileSync } from 'node:fs';

/**
 * Milliseconds of processor time that a process and those it has started have taken. Linux counts them in nanoseconds,
 * for each thread that has not ended.
 */
export function processorTime(pid: number): number {
  const nanoseconds = familyOf(pid).flatMap((member) =>
    threadsOf(member).map((thread) => {
      const [ran = '0'] = read(`/proc/${member}/task/${thread}/schedstat`).split(' ');
      return Number(ran);
    }),
  );
  return nanoseconds.reduce((sum, ran) => sum + ran, 0) / 1e6;
}

function familyOf(pid: number): readonly number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      // After the command's name, which may hold anything: state, then the parent.
      const [, parent = '0'] = read(`/proc/${name}/stat`)
        .replace(/^.*\) /s, '')
        .split(' ');
      return { pid: Number(name), parent: Number(parent) };
    });
  const family = [pid];
  for (const member of family)
    family.push(...parents.filter(({ parent }) => parent === member).map((each) => each.pid));
  return family;
}

function threadsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
