/** A guest that takes long for every allocation cannot hold the node up while a large value is written for it. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { processorMs } from "@kinode-ts/testing/processor-time";
import { loadComponent } from "../src/load-component.ts";
import { parseText } from "./build-component.ts";
import { LIMITS, address, options } from "./run-guest.ts";

setDefaultTimeout(120_000);

const CAPABILITIES = 2_000;

/** `turns`: loop turns of one allocation. */
const slow = (turns: number): string => `(component
  (import "kinode:process/standard@1.0.0" (instance $std
    (type $id' (record (field "process-name" string) (field "package-name" string) (field "publisher-node" string)))
    (export "process-id" (type $id (eq $id')))
    (type $address' (record (field "node" string) (field "process" $id)))
    (export "address" (type $address (eq $address')))
    (type $capability' (record (field "issuer" $address) (field "params" string)))
    (export "capability" (type $capability (eq $capability')))
    (export "our-capabilities" (func (result (list $capability))))))
  (core module $Main
    (import "kinode:process/standard@1.0.0" "our-capabilities" (func $held (param i32)))
    (memory (export "memory") 32)
    (global $next (mut i32) (i32.const 65536))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $i i32)
      (local.set $i (i32.const ${turns}))
      (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (global.get $next)
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7)) (i32.const -8))))
    (func (export "init") (param i32 i32) (call $held (i32.const 1024))))
  (core module $Shim (table (export "t") 1 funcref) (type $f (func (param i32)))
    (func (export "0") (param i32) (call_indirect (type $f) (local.get 0) (i32.const 0))))
  (core module $Fix (import "" "t" (table 1 funcref)) (import "" "f" (func $f (param i32)))
    (elem (i32.const 0) func $f))
  (core instance $shim (instantiate $Shim))
  (core instance $main (instantiate $Main (with "kinode:process/standard@1.0.0"
    (instance (export "our-capabilities" (func $shim "0"))))))
  (core func $held (canon lower (func $std "our-capabilities")
    (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc"))))
  (core instance (instantiate $Fix (with "" (instance
    (export "t" (table $shim "t")) (export "f" (func $held))))))
  (func (export "init") (param "our" string) (canon lift (core func $main "init")
    (memory (core memory $main "memory")) (realloc (core func $main "cabi_realloc")))))`;

async function run(turns: number, way: { path?: "general" }) {
  const program = await loadComponent(await parseText(slow(turns)), options(way));
  const host = new DirectLink().createHost(address("slow"));
  const { process } = address("issuer");
  host.held = Array.from({ length: CAPABILITIES }, (_, i) => ({
    issuer: { node: "our", process },
    params: `"${i}"`,
  }));
  host.turn = (resume) => void setImmediate(resume);
  const startedMs = processorMs();
  const ending = await program.start(host, LIMITS).ended;
  return { ending, tookMs: processorMs() - startedMs };
}

describe.each([["the fast way", {}] as const, ["the general way", { path: "general" }] as const])(
  "%s",
  (_name, way) => {
    test("an allocator that is not slow gets all of a large value", async () => {
      expect((await run(10, way)).ending).toEqual({ kind: "returned" });
    });

    test("an allocator that is slow every time ends its process soon", async () => {
      const { ending, tookMs } = await run(1_000_000, way);
      expect(ending).toMatchObject({
        kind: "trapped",
        reason: expect.stringContaining("allocator"),
      });
      expect(tookMs).toBeLessThan(2_000);
    });
  },
);
