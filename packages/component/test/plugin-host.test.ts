import { expect, setDefaultTimeout, test } from "bun:test";
import { renameAll } from "../examples/plugin-host.ts";
import { ALLOCATOR, buildComponent } from "./build-component.ts";

setDefaultTimeout(120_000);

const WIT = `package demo:rename;
  interface log { line: func(text: string); }
  world w { import log; export rename: func(name: string) -> result<string, string>; }`;

/** A plugin whose `rename` gets the name as locals 0 and 1 and leaves its answer at 1024. */
const plugin = (body: string): Promise<Uint8Array> =>
  buildComponent(
    `(module
      (import "demo:rename/log" "line" (func $line (param i32 i32)))
      ${ALLOCATOR}
      (func (export "rename") (param i32 i32) (result i32)
        (call $line (local.get 0) (local.get 1))
        ${body}
        (i32.store (i32.const 1028) (local.get 0))
        (i32.store (i32.const 1032) (local.get 1))
        (i32.const 1024)))`,
    WIT,
  );

test("a plugin renames, logs, and refuses", async () => {
  const told: string[] = [];
  const tell = (text: string) => void told.push(text);
  // cuts the last letter
  const cut = await plugin("(local.set 1 (i32.sub (local.get 1) (i32.const 1)))");
  expect(await renameAll(cut, ["one", "twö"], tell)).toEqual(["on", "twö"]);
  expect(told).toContain("plugin: one");
  expect(told.filter((text) => text.includes("kept"))).toEqual([
    expect.stringMatching(/^"twö" is kept: The component trapped: .* a string that is not UTF-8/),
  ]);
  const refusing = await plugin("(i32.store8 (i32.const 1024) (i32.const 1))");
  told.length = 0;
  expect(await renameAll(refusing, ["a"], tell)).toEqual(["a"]);
  expect(told).toEqual(["plugin: a", '"a" is kept: a']);
});

test("plugins that run for ever, take all memory or trap harm nobody", async () => {
  const told: string[] = [];
  const tell = (text: string) => void (text.startsWith("plugin") || told.push(text));
  const hostile: Readonly<Record<string, string>> = {
    "(loop $l (br $l))": "it used more than its 100 ms of processor time",
    "(loop $l (drop (call $realloc (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 65536))) (br $l))":
      "it executed an unreachable instruction",
    unreachable: "it executed an unreachable instruction",
  };
  for (const [body, reason] of Object.entries(hostile)) {
    told.length = 0;
    expect(await renameAll(await plugin(body), ["x", "y"], tell)).toEqual(["x", "y"]);
    expect(told.length).toBe(2);
    for (const text of told) expect(text).toContain(reason);
  }
});
