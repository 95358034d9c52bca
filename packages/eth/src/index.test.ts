import { expect, test } from "bun:test";
import * as all from "./index.ts";

test("public names of @kinode-ts/eth", () => {
  expect(Object.keys(all).sort()).toEqual(["ALLOWED_METHODS"]);
});
