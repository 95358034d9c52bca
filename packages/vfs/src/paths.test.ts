import { expect, test } from "bun:test";
import fc from "fast-check";
import { join, normalize } from "node:path";
import { parseVfsPath } from "./paths.ts";

test("the table of the specification", () => {
  const parse = (text: string) => {
    const path = parseVfsPath(text);
    return path && [path.drive, path.full.slice(path.drive.length)];
  };
  for (const text of ["/p:x.os/data/a/b.txt", "p:x.os/data/a/b.txt", "//p:x.os//data/./a/b.txt"]) {
    expect(parse(text)).toEqual(["/p:x.os/data", "a/b.txt"]);
  }
  expect(parse("/p:x.os/data")).toEqual(["/p:x.os/data", ""]);
  expect(parse("/p:x.os/data/")).toEqual(["/p:x.os/data", ""]);
  expect(parse("/p:x.os/../q:y.os/d/f")).toEqual(["/q:y.os/d", "f"]);
  for (const text of ["/p:x.os", "/", "", "/../../etc/passwd", "/p/data/f", "/a:b:c/d", "/:b/d"]) {
    expect(parse(text)).toBeUndefined();
  }
});

test("NUL and halves of surrogate pairs are refused", () => {
  expect(parseVfsPath("/p:x.os/d/a\0b")).toBeUndefined();
  expect(parseVfsPath("/p:x.os/d/\ud800")).toBeUndefined();
});

test("a parsed path is plain, stays below the root and names what lexical rules name", () => {
  const segment = fc.constantFrom("a", "p:x.os", "..", ".", "", "b.txt", "...", "q:y");
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 8 }), (segments) => {
      const text = segments.join("/");
      const path = parseVfsPath(text);
      if (path === undefined) return;
      expect(`/${path.full}`).toBe(normalize(join("/", text)).replace(/(?!^)\/$/, ""));
      expect(path.full.split("/").some((part) => ["", ".", ".."].includes(part))).toBe(false);
      expect(`${path.full}/`.startsWith(`${path.drive.slice(1)}/`)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
