import { expect, test } from "bun:test";
import { checkLadder } from "./ladder.ts";
import type { Member, Side } from "./workspace.ts";

const member = (
  name: string,
  layer: number,
  side: Side,
  dependencies: readonly string[] = [],
  devDependencies: readonly string[] = [],
): Member => ({
  name,
  folder: `packages/${name}`,
  layer,
  side,
  private: false,
  dependencies,
  devDependencies,
  exports: {},
});

const types = member("types", 0, "shared");
const testing = member("testing", 1, "dev", ["types"]);
const stdlib = member("stdlib", 2, "guest", ["types"]);
const store = member("store", 2, "host", ["types"], ["testing"]);
const kernel = member("kernel", 3, "host", ["types", "store", "stdlib"], ["testing"]);

const check = (from: Member, file: string, specifier: string): string[] =>
  checkLadder(
    [types, testing, stdlib, store, kernel].map((entry) => ({
      member: entry,
      imports: entry === from ? [{ file, specifier }] : [],
    })),
  );

test("an import down the ladder on one side is fine", () => {
  expect(check(kernel, "src/a.ts", "store/sub")).toEqual([]);
  expect(check(store, "src/a.ts", "./b.ts")).toEqual([]);
  expect(check(store, "src/a-bun.ts", "node:fs")).toEqual([]);
  expect(check(store, "src/a.test.ts", "testing")).toEqual([]);
});

test("an import upwards is named with both layers", () => {
  const upward = member("types", 0, "shared", ["store"]);
  const members = [upward, member("store", 2, "host")];
  expect(
    checkLadder(
      members.map((entry) => ({
        member: entry,
        imports: entry === upward ? [{ file: "src/a.ts", specifier: "store" }] : [],
      })),
    ),
  ).toEqual([
    "packages/types/src/a.ts (layer 0) imports store (layer 2); imports go down only: move the contract to a lower layer",
    "packages/types/src/a.ts is shared code and imports store, which is host code",
  ]);
});

test("host code does not import guest code", () => {
  expect(check(kernel, "src/a.ts", "stdlib")).toEqual([
    "packages/kernel/src/a.ts is host code and imports stdlib, which is guest code",
  ]);
});

test("the program imports the pages it serves, a package does not", () => {
  const pages = member("pages", 5, "browser");
  const imports = [{ file: "src/a.ts", specifier: "pages" }];
  const importing = (isPrivate: boolean): string[] =>
    checkLadder([
      { member: pages, imports: [] },
      { member: { ...member("program", 6, "host", ["pages"]), private: isPrivate }, imports },
    ]);
  expect(importing(true)).toEqual([]);
  expect(importing(false)).toEqual([
    "packages/program/src/a.ts is host code and imports pages, which is browser code",
  ]);
});

test("only tests import the package for tests", () => {
  expect(check(store, "src/a.ts", "testing")).toEqual([
    'packages/store/src/a.ts imports "testing", which is not in "dependencies" of packages/store',
  ]);
});

test("core code does not import the host", () => {
  expect(check(store, "src/a.ts", "node:fs")[0]).toContain("*-bun.ts");
  expect(check(store, "src/a.ts", "bun:sqlite")[0]).toContain("*-bun.ts");
});

test("an import around the exports of another package is refused", () => {
  expect(check(store, "src/a.ts", "../../types/src/address.ts")[0]).toContain("by its name");
  expect(check(store, "src/a.ts", "./b")[0]).toContain("extension");
});

test("a cycle is shown with its path, test dependencies included", () => {
  const a = member("a", 1, "host", ["b"]);
  const b = member("b", 2, "host", [], ["a"]);
  expect(checkLadder([a, b].map((entry) => ({ member: entry, imports: [] })))).toEqual([
    "Packages depend on each other: a → b → a",
  ]);
});
