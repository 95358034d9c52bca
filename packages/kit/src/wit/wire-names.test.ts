import { expect, test } from "bun:test";
import * as api from "@kinode-ts/stdlib/api";
import { camelName } from "./typescript-names.ts";
import { RUST_KEYWORDS, wireCase, wireKey } from "./wire-names.ts";

const NAMES = [
  ...["a", "is-requestor", "base64-icon", "get-HTTP-now", "HTTP", "s3", "a-2b", "x-1-y"],
  ...RUST_KEYWORDS,
];

test("a generated module and the library put the same names on the wire", () => {
  for (const name of NAMES) {
    const type = api.record({ [camelName(name)]: api.u8 });
    expect(type.write({ [camelName(name)]: 1 })).toBe(`{"${wireKey(name)}":1}`);
    expect(api.enumeration(name).write(name)).toBe(`"${wireCase(name)}"`);
  }
});
