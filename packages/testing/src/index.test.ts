import { expect, test } from "bun:test";

test("public names of @kinode-ts/testing", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "createMemoryNetwork",
    "createRecordingPrinter",
    "createSeededRandom",
    "createVirtualClock",
  ]);
  expect(Object.keys(await import("./store-suite-bun.ts"))).toEqual(["storeSuite"]);
  expect(Object.keys(await import("./certificate-bun.ts"))).toEqual(["createTestCertificate"]);
  expect(Object.keys(await import("./free-port-bun.ts"))).toEqual(["freePort", "isFreePort"]);
  expect(Object.keys(await import("./processor-time-bun.ts")).sort()).toEqual([
    "longestTurnMs",
    "mainThreadMs",
    "processorMs",
    "processorMsOf",
  ]);
});
