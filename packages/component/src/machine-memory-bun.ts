/**
 * How much memory this program may use: the machine's, or less where a control group bounds it, as in a container.
 * Source: Linux' `Documentation/admin-guide/cgroup-v2.rst` ("memory.max") and `cgroup-v1/memory.rst`.
 * @module
 */
import { readFileSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";

/** Where the facts come from; a test gives files of its own. */
export interface MachineMemorySource {
  /** Bytes of the machine. */
  readonly totalBytes: number;
  /** The text of a file, or `undefined` when it is not there. */
  readonly read: (path: string) => string | undefined;
}

const SYSTEM: MachineMemorySource = {
  totalBytes: totalmem(),
  read(path) {
    try {
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  },
};

const ROOT = "/sys/fs/cgroup";

/**
 * Bytes of memory that this program may use at most. Read anew at each call: the limit of a container can be changed.
 * Other programs of the same machine or container use some of it, too.
 */
export function machineMemoryBytes(source: MachineMemorySource = SYSTEM): number {
  return Math.min(source.totalBytes, ...limitFiles(source).map((path) => limitIn(path, source)));
}

/** Every group that this program is in, the outer ones too: each has a limit of its own. */
function limitFiles({ read }: MachineMemorySource): string[] {
  const files: string[] = [];
  // "0::/path" is the second version's, "4:memory:/path" the first's; seen from inside a container the path often is "/"
  for (const line of (read("/proc/self/cgroup") ?? "0::/").split("\n")) {
    const [, controllers, group] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || group === undefined) continue;
    if (controllers === "") files.push(...upwards(ROOT, group, "memory.max"));
    else if (controllers.split(",").includes("memory"))
      files.push(...upwards(`${ROOT}/memory`, group, "memory.limit_in_bytes"));
  }
  return files;
}

/** The root's own file is looked for last: without a namespace a container sees a path that is not mounted in it. */
function upwards(root: string, group: string, name: string): string[] {
  const files: string[] = [];
  for (let at = join("/", group); ; at = dirname(at)) {
    files.push(join(root, at, name));
    if (at === "/") return files;
  }
}

/** "max", a number beyond all machines or no file: no limit. */
function limitIn(path: string, { read }: MachineMemorySource): number {
  const bytes = Number.parseInt(read(path) ?? "", 10);
  return Number.isNaN(bytes) || bytes <= 0 ? Infinity : bytes;
}
