/** Components that no node can run. */
import { componentEmbed, componentNew } from "@bytecodealliance/jco-transpile/wasm-tools";
import { probeScript } from "@kinode-ts/testing/probe";
import { expect, test } from "bun:test";
import { createRealNode, type RealNode } from "./real-node.ts";

const UNKNOWN = `package strange:thing@1.0.0;
interface powers { everything: func(); }
world asks { import powers; export init: func(our: string); }`;

/** A true component whose one import is an interface that nobody has heard of. */
async function componentWithUnknownImport(): Promise<Uint8Array> {
  const core = await componentEmbed({ witSource: UNKNOWN, world: "asks", dummy: true });
  return componentNew(core);
}

async function startFile(node: RealNode, handle: string): Promise<string | undefined> {
  const id = node.at("strange").process;
  await node.kernel.register([
    {
      id,
      wasmBytesHandle: handle,
      witVersion: 1,
      onExit: { kind: "none" },
      public: true,
      capabilities: [],
    },
  ]);
  return (await node.kernel.run([id])).get(id);
}

test("[K80] a component importing an unknown interface gets a level-0 line, and its id can be used again", async () => {
  const handle = "/test:sys/pkg/strange.wasm";
  const files = new Map([[handle, await componentWithUnknownImport()]]);
  const node = await createRealNode({}, files);

  const reason = await startFile(node, handle);
  expect(reason).toContain("strange:thing/powers");
  const lines = node.printer.lines.filter(({ verbosity }) => verbosity === 0);
  expect(lines.filter(({ text }) => text.includes("strange:thing/powers"))).toHaveLength(1);

  // On-exit was applied; a kill of what may be left of it is harmless.
  await node.kernel.kill(node.at("strange").process);
  expect(node.kernel.process(node.at("strange").process)).toBeUndefined();
  expect(await startFile(node, "/test:sys/pkg/probe.wasm")).toBeUndefined();
  expect(await node.tell("strange", probeScript().note("alive"))).toEqual([
    { op: "note", text: "alive" },
  ]);
});
