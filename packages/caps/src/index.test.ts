import { expect, test } from "bun:test";

test("public names of @kinode-ts/caps", async () => {
  expect(Object.keys(await import("./index.ts")).sort()).toEqual([
    "CapsError",
    "MAX_JSON_DEPTH",
    "MAX_JSON_PARAMS_LENGTH",
    "capabilityKey",
    "compactSortedJson",
    "createCapabilityTables",
    "describeCapability",
    "grantedCapability",
    "isJson",
    "jsonIdentity",
    "manifestCapabilities",
    "packageDriveCapabilities",
    "requestedCapability",
    "sameCapability",
    "signCapability",
    "verifyCapability",
  ]);
});
