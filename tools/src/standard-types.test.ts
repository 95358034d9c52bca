import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { GENERATED_PATH, generateStandardTypes } from "./standard-types.ts";

/** Layout is the formatter's. */
const plain = (text: string): string => text.replace(/[\s"]|,(?=\s*[\]}])/g, "");

test("the types the node builds its process interfaces from are those of wit/", () => {
  expect(plain(readFileSync(GENERATED_PATH, "utf8"))).toBe(plain(generateStandardTypes()));
});
