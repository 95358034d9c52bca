/**
 * Programs of test nodes from their sources, as a build would make them.
 * @module
 */
import type { GuestRuntime } from "@kinode-ts/types";
import type { TestProgram } from "./test-node.ts";

/** Bundles an entry; each start evaluates it anew, with its own `kinode`. */
export async function loadProgram(entry: string): Promise<TestProgram> {
  const built = await Bun.build({
    entrypoints: [entry],
    format: "iife",
    target: "browser",
    conditions: ["bun"],
  });
  const code = await built.outputs[0]!.text();
  // The same evaluation as on a node: the bundle sees `kinode` as a name around it.
  const evaluate = new Function("kinode", code) as (kinode: GuestRuntime) => void;
  return (kinode) => evaluate(kinode);
}
