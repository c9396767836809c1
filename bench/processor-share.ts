import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

// Lambda gives a function with less than 1,769 MB a share of one processor, by the same means: a quota for each period.
const controller = '/sys/fs/cgroup/cpu';
const periodMicroseconds = 20_000;

/** A control group (version 1) whose processes have a share of one processor together. */
export interface ProcessorShare {
  /** Puts a process with all of its threads into the group. */
  limit(pid: number): void;
  remove(): void;
}

/** `undefined` where this user may not make control groups, or Linux has version 2 alone. */
export function processorShare(share: number): ProcessorShare | undefined {
  if (!existsSync(`${controller}/cpu.cfs_quota_us`)) return undefined;
  const group = `${controller}/flow-security-keys-bench-${process.pid}-${share}`;
  try {
    mkdirSync(group);
    writeFileSync(`${group}/cpu.cfs_period_us`, String(periodMicroseconds));
    writeFileSync(`${group}/cpu.cfs_quota_us`, String(Math.round(share * periodMicroseconds)));
  } catch {
    return undefined;
  }
  return {
    limit: (pid) => writeFileSync(`${group}/cgroup.procs`, String(pid)),
    remove: () => rmdirSync(group),
  };
}
