import { expect, test } from "bun:test";

test("public names of the kernel", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "CPU_LIMIT_BOUNDS",
    "DEFAULT_KERNEL_LIMITS",
    "NativeProcess",
    "createFunctionExecutor",
    "createKernel",
  ]);
});
