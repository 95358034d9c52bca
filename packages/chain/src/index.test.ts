import { expect, test } from "bun:test";
import * as all from "./index.ts";

test("public names of @kinode-ts/chain", () => {
  expect(Object.keys(all).sort()).toEqual([
    "ChainError",
    "DEFAULT_CHAIN_PORT",
    "FIRST_ACCOUNT",
    "findAnvil",
    "httpRpc",
    "placeContracts",
    "sendTransaction",
    "startChain",
  ]);
});
