import { describe, expect, test } from "bun:test";
import { bytes as byteList, loadComponent, option, string } from "@kinode-ts/component";
import type { Ending } from "@kinode-ts/types";
import { FakeHost } from "../test/fake-host.ts";
import { clock, LIMITS, random, runScript } from "../test/run-script.ts";
import { CompiledScripts } from "./compiled-scripts.ts";
import { createScriptExecutor, readEngine } from "./index.ts";

const code = (...bytes: number[]): Uint8Array => new Uint8Array(bytes);
const NOTHING_YET = code();

/** Runs a script in a new executor, so that the first run compiles and the others load. */
async function runRepeatedly(script: string): Promise<{ prints: string[]; ending: Ending }[]> {
  const executor = createScriptExecutor({ clock, random });
  const runs: { prints: string[]; ending: Ending }[] = [];
  for (let i = 0; i < 3; i++) {
    const { host, ending } = await runScript(executor, script);
    runs.push({ prints: host.prints, ending });
  }
  return runs;
}

const endingOf = ({ ending }: { ending: Ending }): string =>
  ending.kind === "trapped" ? ending.stderr : ending.kind;

test("the engine asks for the text only when nothing is kept, and hands over before the script runs", async () => {
  const functions = {
    get: { params: [], result: option(string) },
    compiled: { params: [], result: option(byteList) },
    keep: { params: [byteList], result: undefined },
  };
  const name = "kinode:script/source@0.1.0";
  const interfaces = [{ name, functions }];
  const engine = await loadComponent(await readEngine(), { clock, random, interfaces });
  const scripts = new CompiledScripts();
  const script = "console.log('runs'); kinode.main(() => {});";
  const run = async (keeps: boolean): Promise<string[]> => {
    const host = new FakeHost();
    const given = scripts.sourceFor(script);
    const get = (): string => {
      host.prints.push("get");
      return script;
    };
    const compiled = () => (keeps ? given.compiled() : undefined);
    const keep = (bytes: Uint8Array): void => {
      host.prints.push("keep");
      given.keep(bytes);
    };
    const provide = { [name]: { get, compiled, keep } };
    expect(await engine.start(host, LIMITS, { provide }).ended).toEqual({ kind: "returned" });
    return host.prints;
  };
  expect(await run(false)).toEqual(["get", "0 runs"]);
  expect(await run(true)).toEqual(["get", "keep", "0 runs"]);
  expect(await run(true)).toEqual(["0 runs"]);
});

describe("a script that was compiled before", () => {
  test("does what it did the first time", async () => {
    const [first, ...later] = await runRepeatedly(`
      "use strict";
      const tag = (strings, ...values) => strings.raw.join("|") + values + Object.isFrozen(strings);
      const same = () => ((s) => s)\`once\`;
      class Point { #x = 1; static made = 0; static { this.made = 7 } get x() { return this.#x } }
      function* numbers() { yield 1; yield* [2, 3] }
      async function later() { await null; return label }
      const label = "grüße \\u{1f600} \\ud800";
      kinode.main(async function () {
        console.log(tag\`a\\n\${1}b\`, tag === tag, /(?<y>\\d+)-\\p{L}/u.exec("12-ä").groups.y);
        console.log(12345678901234567890n, -1n, 1e300, -0, 0.1, Point.made, new Point().x, [...numbers()]);
        console.log(await later(), same.toString(), Point.toString(), same() === same());
        { let hidden = [label.length]; console.log(eval("hidden[0] += 1; hidden"), ((a, b = a) => arguments.length + b)(2)); }
        try { null.x } catch (error) { console.log(error.stack) }
        console.log((0, eval)("typeof label"), typeof globalThis.numbers, function () { return this }());
        throw new RangeError("at the end");
      });`);
    expect(first!.prints).toHaveLength(6);
    expect(first!.prints.join("\n")).toContain("(script.js:14:15)");
    expect(first!.ending).toMatchObject({ kind: "trapped" });
    for (const run of later) expect(run).toEqual(first!);
  });

  test("does not begin with what an earlier process left", async () => {
    const runs = await runRepeatedly(
      "var count = (globalThis.count ?? 0) + 1; kinode.main(() => console.log(count));",
    );
    expect(runs.map(({ prints }) => prints)).toEqual([["0 1"], ["0 1"], ["0 1"]]);
  });

  test("is refused each time when it does not parse", async () => {
    const runs = await runRepeatedly("kinode.main(() => { let a; let a; });");
    for (const { ending } of runs) {
      expect(ending.kind === "trapped" && ending.stderr).toContain("SyntaxError");
    }
  });

  test("may be nested as deeply as the first time", async () => {
    for (const depth of [10, 100, 200, 400, 800, 1_600, 3_200, 12_800]) {
      const script = `${"(function(){".repeat(depth)}${"})".repeat(depth)};kinode.main(() => console.log("ran"));`;
      const [first, ...later] = await runRepeatedly(script);
      for (const run of later) expect(run).toEqual(first!);
      expect(endingOf(first!)).toMatch(/^returned$|^(Range|Syntax|Internal)Error/);
    }
  });
});

test("code is kept of the first process that was told it is welcome, and once", () => {
  const scripts = new CompiledScripts();
  const early = scripts.sourceFor("a");
  early.keep(code(9)); // without having asked
  expect(scripts.sourceFor("a").compiled()).toEqual(NOTHING_YET);

  const [first, second] = [scripts.sourceFor("a"), scripts.sourceFor("a")];
  expect(first.compiled()).toEqual(NOTHING_YET);
  expect(second.compiled()).toEqual(NOTHING_YET);
  const given = code(1, 2);
  first.keep(given);
  given.fill(9); // the memory of the process goes on changing
  first.keep(code(8));
  second.keep(code(7));
  expect(scripts.sourceFor("a").compiled()).toEqual(code(1, 2));

  const later = scripts.sourceFor("a");
  later.compiled();
  later.keep(code(6));
  expect(scripts.sourceFor("a").compiled()).toEqual(code(1, 2));
  expect(scripts.sourceFor("a ").compiled()).toEqual(NOTHING_YET);
});

test("asking again does not make code welcome again", () => {
  const scripts = new CompiledScripts();
  const source = scripts.sourceFor("a");
  source.compiled();
  source.compiled();
  source.keep(code(1));
  expect(scripts.sourceFor("a").compiled()).toEqual(NOTHING_YET);
});

test("what was compiled first is forgotten when there is too much", () => {
  const scripts = new CompiledScripts(30);
  const fill = (script: string, bytes: number): void => {
    const source = scripts.sourceFor(script);
    source.compiled();
    source.keep(new Uint8Array(bytes).fill(1));
  };
  const kept = (): string[] =>
    ["a", "b", "c", "d"].filter((name) => scripts.sourceFor(name).compiled().length > 0);
  fill("a", 10);
  fill("b", 10);
  expect(kept()).toEqual(["a", "b"]);
  fill("c", 10);
  expect(kept()).toEqual(["b", "c"]);
  fill("d", 29); // 31 with its text
  expect(kept()).toEqual(["b", "c"]);
});
