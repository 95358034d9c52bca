import { expect, test } from "bun:test";
import { processorMs } from "@kinode-ts/testing/processor-time";
import fc from "fast-check";
import { matchRoutePattern, parseRoutePattern } from "./route-pattern.ts";
import { boundPath, RouteTable } from "./route-table.ts";

function tableOf(...paths: string[]): RouteTable<string> {
  const table = new RouteTable<string>(4_096);
  for (const path of paths) table.set(path, path);
  return table;
}

function find(table: RouteTable<string>, path: string): unknown {
  const match = table.findWithFallback(path);
  return match && [match.value, match.params];
}

test("stored paths", () => {
  const app = "a:b:c.os" as never;
  expect(["/games", "games", "/games/", "/", ""].map((path) => boundPath(app, path))).toEqual([
    "/a:b:c.os/games",
    "/a:b:c.os/games",
    "/a:b:c.os/games",
    "/a:b:c.os",
    "/a:b:c.os",
  ]);
  const homepage = "homepage:homepage:sys" as never;
  expect(["/", "/apps"].map((path) => boundPath(homepage, path))).toEqual(["", "/apps"]);
});

test("[M80] literal beats :param beats *wild; * needs a character; :id may contain dots", () => {
  const table = tableOf("/p/x/:id", "/p/x/new", "/p/x/*rest", "/p/files/*rest", "/p");
  expect(find(table, "/p/x/new")).toEqual(["/p/x/new", {}]);
  expect(find(table, "/p/x/1.json")).toEqual(["/p/x/:id", { id: "1.json" }]);
  expect(find(table, "/p/x/1/2")).toEqual(["/p/x/*rest", { rest: "1/2" }]);
  expect(find(table, "/p/files/a/b.c")).toEqual(["/p/files/*rest", { rest: "a/b.c" }]);
  expect(find(table, "/p/files")).toEqual(["/p", {}]);
  expect(find(table, "/p/files/")).toEqual(["/p", {}]);
  const unnamed = tableOf("/p/files/*");
  expect(find(unnamed, "/p/files/a")).toEqual(["/p/files/*", {}]);
  const ends = tableOf("/p/x/*y", "/p/x/:a/end");
  expect(find(ends, "/p/x/q/end")).toEqual(["/p/x/:a/end", { a: "q" }]);
  const dotted = tableOf("/p/v/:file.json");
  expect(find(dotted, "/p/v/a.b.json")).toEqual(["/p/v/:file.json", { file: "a.b" }]);
  expect(find(dotted, "/p/v/.json")).toBeUndefined();
});

test("patterns that differ only in names are one route, the last wins", () => {
  const table = tableOf("/p/:a", "/p/:b");
  expect(find(table, "/p/x")).toEqual(["/p/:b", { b: "x" }]);
  expect([...table.values()]).toEqual(["/p/:b"]);
});

test("patterns whose first segment is dynamic match beside others", () => {
  const table = tableOf("/:any/x", "/p/:y", "/*all");
  expect(find(table, "/q/x")).toEqual(["/:any/x", { any: "q" }]);
  expect((find(table, "/p/z") as string[])[0]).toBe("/p/:y");
  expect(find(table, "/q/z/w")).toEqual(["/*all", { all: "q/z/w" }]);
});

/** The same by regular expressions: what greedy matching means. */
function oracle(pattern: string, path: string): Record<string, string> | undefined {
  const names: string[] = [];
  const source = pattern
    .slice(1)
    .split(/([/.])/)
    .map((part) => {
      if (part[0] !== ":" && part[0] !== "*") return part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
      names.push(part.slice(1));
      return part[0] === ":" ? "([^/]+)" : "(.+)";
    })
    .join("");
  const match = new RegExp(`^/${source}$`, "s").exec(path);
  if (match === null) return undefined;
  return Object.fromEntries(
    names.map((name, index) => [name, match[index + 1]!] as const).filter(([name]) => name !== ""),
  );
}

test("matching equals greedy regular expressions", () => {
  const segment = fc.constantFrom("a", "b", ":x", ":y", "*w", "*", "ab");
  const separated = (parts: string[], seeds: boolean[]): string =>
    `/${parts.map((part, index) => (index === 0 ? part : (seeds[index] ? "." : "/") + part)).join("")}`;
  const path = fc.array(fc.constantFrom("a", "b", "/", ".", "ab"), { maxLength: 8 });
  fc.assert(
    fc.property(
      fc.array(segment, { minLength: 1, maxLength: 4 }),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      path,
      (parts, seeds, pieces) => {
        const pattern = separated(parts, seeds);
        const text = `/${pieces.join("")}`;
        const found = matchRoutePattern(parseRoutePattern(pattern), text);
        expect(found).toEqual(oracle(pattern, text));
      },
    ),
    { numRuns: 3_000 },
  );
});

test("a hostile pattern and path take no long time", () => {
  const pattern = parseRoutePattern(`/${Array.from({ length: 16 }, () => "*a").join("/")}/end`);
  const startedMs = processorMs();
  expect(matchRoutePattern(pattern, "/a".repeat(2_000))).toBeUndefined();
  expect(processorMs() - startedMs).toBeLessThan(500);
});
