import { expect, test } from "bun:test";

test("public names of @kinode-ts/system", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "DEFAULT_SYSTEM_LIMITS",
    "OLD_MODULE_NAMES",
    "createFdManager",
    "createScheduler",
    "createState",
    "createTimer",
    "createUnavailableModule",
    "withOldName",
  ]);
});
