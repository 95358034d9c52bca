/**
 * The types of our WASI 0.2 against the public definition: a component that imports all of it, made by its own tools.
 * @module
 */
import { beforeAll, expect, test } from "bun:test";
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import type { HostFunctionType } from "../src/api.ts";
import { u64 } from "../src/canonical-abi/scalars.ts";
import { loadComponent } from "../src/load-component.ts";
import { WASI_INTERFACES } from "../src/wasi/index.ts";
import { wasiWorld } from "./hostile/wasi-world.ts";
import { options } from "./run-guest.ts";

/** Behind feature gates of the definition, so a component made for a plain world imports none of them. */
const GATED = [
  "wasi:clocks/timezone#display",
  "wasi:clocks/timezone#utc-offset",
  "wasi:sockets/network#network-error-code",
];

let component: Uint8Array;

beforeAll(async () => {
  const witSource = await wasiWorld();
  component = await componentNew(
    await componentEmbed({ dummy: true, witSource, world: "all", stringEncoding: "utf8" }),
    [],
  );
});

const load = () => loadComponent(component, { ...options(), path: "general" });

test("a component that imports all of WASI 0.2.12 loads", async () => {
  expect((await load()).standardInterface).toBe("kinode:process/standard@1.0.0");
});

test("every function's type is the public one: each with another type is noticed", async () => {
  const unnoticed: string[] = [];
  for (const [name, { functions }] of WASI_INTERFACES) {
    for (const [key, item] of Object.entries(functions)) {
      const changed = item as { type: HostFunctionType };
      const { type } = changed;
      changed.type = { params: [...type.params, u64], result: type.result };
      const refusal = await load().then(
        () => undefined,
        (error: Error) => error.message,
      );
      changed.type = type;
      if (refusal === undefined) unnoticed.push(`${name}#${key}`);
      else expect(refusal).toContain("and on this node it is");
    }
  }
  expect(unnoticed.sort()).toEqual(GATED);
});
