import { expect, test } from "bun:test";
import { machineMemoryBytes } from "./machine-memory-bun.ts";

const GIB = 1024 ** 3;
const V1_NO_LIMIT = "9223372036854771712\n";

const machine = (files: Readonly<Record<string, string>>) =>
  machineMemoryBytes({ totalBytes: 16 * GIB, read: (path) => files[path] });

test("without control groups it is the machine's memory", () => {
  expect(machine({})).toBe(16 * GIB);
});

test("the limit of a container counts, in both versions of control groups", () => {
  const inside = { "/proc/self/cgroup": "0::/\n" };
  expect(machine({ ...inside, "/sys/fs/cgroup/memory.max": `${2 * GIB}\n` })).toBe(2 * GIB);
  const old = { "/proc/self/cgroup": "5:devices:/a\n4:cpu,memory:/docker/abc\n0::/\n" };
  const limit = { "/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes": `${GIB}\n` };
  expect(machine({ ...old, ...limit })).toBe(GIB);
});

test("a container that sees the path of its host finds its own limit at the root", () => {
  const files = {
    "/proc/self/cgroup": "4:memory:/docker/abc\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${GIB}\n`,
  };
  expect(machine(files)).toBe(GIB);
});

test("the least of all groups around it counts", () => {
  const files = {
    "/proc/self/cgroup": "0::/system.slice/kinode.service\n",
    "/sys/fs/cgroup/system.slice/kinode.service/memory.max": "max\n",
    "/sys/fs/cgroup/system.slice/memory.max": `${3 * GIB}\n`,
    "/sys/fs/cgroup/memory.max": `${5 * GIB}\n`,
  };
  expect(machine(files)).toBe(3 * GIB);
});

test("no limit, a limit above the machine and rubbish leave the machine's memory", () => {
  const inside = { "/proc/self/cgroup": "4:memory:/\n0::/\n" };
  for (const text of ["max\n", "", "none\n", "0\n", "-1\n", `${64 * GIB}\n`])
    expect(machine({ ...inside, "/sys/fs/cgroup/memory.max": text })).toBe(16 * GIB);
  const old = { "/sys/fs/cgroup/memory/memory.limit_in_bytes": V1_NO_LIMIT };
  expect(machine({ ...inside, ...old })).toBe(16 * GIB);
  expect(machine({ "/proc/self/cgroup": "rubbish\n4:memory\n\n" })).toBe(16 * GIB);
});

test("this machine has some", () => {
  expect(machineMemoryBytes()).toBeGreaterThan(64 * 1024 * 1024);
});
