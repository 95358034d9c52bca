import { expect, test } from "bun:test";

test("public names of @kinode-ts/system", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "DEFAULT_SYSTEM_LIMITS",
    "createFdManager",
    "createState",
    "createTimer",
    "createUnavailableModule",
  ]);
});
