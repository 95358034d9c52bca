/** Paths as a person types them. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { depthOf, isWithin, resolvePath } from "./vfs-path.ts";

test("a path starts at the root, at a package, or in the current folder", () => {
  expect(resolvePath("/a:b/data", "x/y")).toBe("/a:b/data/x/y");
  expect(resolvePath("/a:b/data", "/c:d/pkg")).toBe("/c:d/pkg");
  expect(resolvePath("/a:b/data", "c:d/pkg/")).toBe("/c:d/pkg");
  expect(resolvePath("/a:b/data", "..")).toBe("/a:b");
  expect(resolvePath("/a:b/data", "./x//../z")).toBe("/a:b/data/z");
  expect(resolvePath("/", "")).toBe("/");
});

test("no path leaves the root", () => {
  const part = fc.constantFrom("..", ".", "", "a", "a:b", "x y");
  const path = fc.array(part, { maxLength: 8 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(path, path, (folder, typed) => {
      const found = resolvePath(`/${folder}`, typed);
      expect(found).toMatch(/^\/(?!.*\/\/)/);
      expect(found.split("/")).not.toContain("..");
      expect(isWithin(found, "/")).toBe(true);
      expect(depthOf(found)).toBe(found === "/" ? 0 : found.slice(1).split("/").length);
    }),
  );
});
