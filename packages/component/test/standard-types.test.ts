/** The process interfaces as they are linked, against the texts in `wit/` as the public component tools read them. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { STANDARD_WIT } from "../src/generated/standard-wit.ts";
import { loadComponent } from "../src/load-component.ts";
import { STANDARD_INTERFACES } from "../src/select-interface.ts";
import { standardInterface } from "../src/standard-interface.ts";
import { buildComponent } from "./build-component.ts";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { LIMITS, address, options } from "./run-guest.ts";

function witOf(name: string): string {
  const [namespace, rest] = name.split(":");
  const folder = `${namespace}-process-${rest!.split("@")[1]}`;
  return readFileSync(new URL(`../../../wit/${folder}/process.wit`, import.meta.url), "utf8");
}

/** A process that imports every function of an interface; what the tools encode is what the text says. */
function importAll(name: string, wit: string): Promise<Uint8Array> {
  const version = STANDARD_INTERFACES.get(name)!;
  const imports = [...standardInterface(version)].map(
    ([key, { type }]) =>
      `(import "${name}" "${key}" (func (param ${type.params.join(" ")}) (result ${type.results.join(" ")})))`,
  );
  const core = `(module ${imports.join("\n")} (memory (export "memory") 1)
    (func (export "init") (param i32 i32))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable))`;
  const world = `package test:all; world w { import ${name}; export init: func(our: string); }`;
  const nested = wit.replace(/^package ([^;]+);/m, "package $1 {");
  return buildComponent(core, `${world}\n${nested}\n}`);
}

for (const [name, version] of STANDARD_INTERFACES) {
  test(`${name}: every function is linked with the types of wit/, field by field`, async () => {
    const declared = STANDARD_WIT[name]!.functions.map(([key]) => key);
    expect([...standardInterface(version).keys()]).toEqual(declared);
    expect(declared.length).toBe(version === "1.0.0" ? 19 : 16);
    // the general path compares the types a component declares with those it links
    await loadComponent(await importAll(name, witOf(name)), options({ path: "general" }));
  });
}

const CHANGES: Readonly<Record<string, readonly [from: RegExp, to: string, where: string]>> = {
  "a field by another name": [/publisher-node: node-id/, "publisher: node-id", "publisher-node"],
  "fields in another order": [
    / {4}inherit: bool,\n {4}body/,
    "    body-x: bool,\n    body",
    "inherit",
  ],
  "another case": [/restart,/, "again,", "restart"],
  "another width": [/verbosity: u8/, "verbosity: u32", "u8"],
};

for (const [what, [from, to, where]] of Object.entries(CHANGES)) {
  test(`${what} in a component's own copy of the interface is refused`, async () => {
    const name = "kinode:process/standard@1.0.0";
    const wit = witOf(name);
    const changed = wit.replace(from, to);
    expect(changed).not.toBe(wit);
    const loading = loadComponent(await importAll(name, changed), options({ path: "general" }));
    await expect(loading).rejects.toThrow(/^Cannot load the component: its import .* is func\(/s);
    await expect(loading).rejects.toThrow(where);
  });
}

test("hyperware:process 1.0.0 has the functions and types of kinode:process 1.0.0", () => {
  expect(STANDARD_WIT["hyperware:process/standard@1.0.0"]).toEqual(
    STANDARD_WIT["kinode:process/standard@1.0.0"]!,
  );
});

test("a world that uses types of the interface, and functions with them, runs on both paths", async () => {
  const name = "kinode:process/standard@1.0.0";
  const core = `(module
    (import "${name}" "print-to-terminal" (func $print (param i32 i32 i32)))
    (memory (export "memory") 1)
    (func (export "init") (param i32 i32) (call $print (i32.const 0) (local.get 0) (local.get 1)))
    (func (export "test:all/api#where") (param i32 i32 i32 i32 i32 i32 i32 i32))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))`;
  const nested = witOf(name).replace(/^package ([^;]+);/m, "package $1 {");
  const wit = `package test:all;
    interface api { use ${name}.{address}; where: func(it: address); }
    world w { import ${name}; use ${name}.{message}; export api; export init: func(our: string); }
    ${nested}\n}`;
  const bytes = await buildComponent(core, wit);
  for (const way of [{}, { path: "general" as const }]) {
    const host = new DirectLink().createHost(address("typed"));
    const program = await loadComponent(bytes, options(way));
    expect(await program.start(host, LIMITS).ended).toEqual({ kind: "returned" });
    expect(host.lines).toEqual(["our@typed:test:sys"]);
  }
});
