import { expect, test } from "bun:test";
import * as all from "./index.ts";

test("public names of @kinode-ts/test-network", () => {
  expect(Object.keys(all).sort()).toEqual([
    "SimulatedNode",
    "TestNetwork",
    "createTestNetwork",
    "simulate",
  ]);
});
