/** Source: spec/packages-and-tools.md §17. */
import { expect, test } from "bun:test";
import { loadProgram } from "@kinode-ts/stdlib/testing";
import { KIMAP } from "@kinode-ts/kimap";
import { FakeChain, startIndexer } from "../test/fake-chain.ts";

async function run(name: string, args = "") {
  const chain = new FakeChain(KIMAP.firstBlock + 10);
  chain.mint("os", KIMAP.firstBlock);
  chain.direct("alice.os", KIMAP.firstBlock + 1);
  const { node } = await startIndexer(chain);
  const id = `${name}:kns-indexer:sys`;
  node.start(id, await loadProgram(`${import.meta.dir}/scripts/${name}.ts`));
  const asked = node.ask(id, args, { expectsResponse: 10 });
  await node.advance(9_000);
  const { body, metadata, blob } = await asked;
  return { body, status: metadata, errors: blob && new TextDecoder().decode(blob.bytes) };
}

test("[P17] node-info prints the record of a node", async () => {
  expect((await run("node-info", "alice.os")).body).toBe(
    [
      "name: alice.os",
      `public key: ${"ab".repeat(32)}`,
      "ips: 127.0.0.1",
      "ports: ws 9000",
      "routers: none",
    ].join("\n"),
  );
  expect((await run("node-info")).body).toBe("usage: node-info <name>");
  expect(await run("node-info", "nobody.os")).toMatchObject({
    errors: "no name nobody.os is known on chain",
    status: "1",
  });
});

test("[P17] state prints chain, contract, counts and sorted names", async () => {
  expect((await run("state")).body.split("\n")).toEqual([
    "chain id: 8453",
    `contract: ${KIMAP.registry.toLowerCase()}`,
    "names: 2",
    `last block: ${KIMAP.firstBlock + 10}`,
    `status: following, newest block: ${KIMAP.firstBlock + 10}`,
    "alice.os",
    "os",
  ]);
});

test("[P17] reset is silent", async () => {
  expect(await run("reset")).toEqual({ body: "", status: undefined, errors: undefined });
});
