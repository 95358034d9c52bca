import { expect, test } from "bun:test";
import * as all from "./index.ts";

test("public names of @kinode-ts/eth", () => {
  expect(Object.keys(all).sort()).toEqual([
    "ACCESS_FILE",
    "ALLOWED_METHODS",
    "DEFAULT_ETH_LIMITS",
    "DEFAULT_PROVIDERS",
    "PROVIDERS_FILE",
    "createEth",
  ]);
});
