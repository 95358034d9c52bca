/** Source: spec/network-identity.md §3.6; test/rust-client/README.md for where the lines come from. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KIMAP, nameHash } from "@kinode-ts/kimap";
import { FakeChain, INDEXER, startIndexer } from "../test/fake-chain.ts";

const FOLDER = join(import.meta.dir, "../test/rust-client");
const linesOf = (file: string): string[] =>
  existsSync(join(FOLDER, file))
    ? readFileSync(join(FOLDER, file), "utf8").trimEnd().split("\n")
    : [];

test("[N76] a Rust client's questions are answered with what it reads and writes again, byte for byte", async () => {
  const chain = new FakeChain(KIMAP.firstBlock + 10);
  chain.mint("os", KIMAP.firstBlock);
  chain.direct("router.os", KIMAP.firstBlock + 1);
  chain.direct("alice.os", KIMAP.firstBlock + 1);
  chain.note("alice.os", "~tcp-port", Uint8Array.of(0x27, 0x10), KIMAP.firstBlock + 1);
  chain.mint("bob.os", KIMAP.firstBlock + 2);
  chain.note("bob.os", "~net-key", new Uint8Array(32).fill(2), KIMAP.firstBlock + 2);
  const router = Uint8Array.fromHex(nameHash("router.os").slice(2));
  chain.note("bob.os", "~routers", router, KIMAP.firstBlock + 2);
  const { node } = await startIndexer(chain);
  const answers: string[] = [];
  for (const question of linesOf("questions.jsonl")) {
    for (const from of ["tester:tester:sys", "reset:kns-indexer:sys"]) {
      if (question !== '"Reset"' && from.startsWith("reset")) continue;
      const asked = node.ask(INDEXER, question, { from, expectsResponse: 5 });
      // oxlint-disable-next-line no-await-in-loop -- one question after the other
      await node.advance(4_500);
      // oxlint-disable-next-line no-await-in-loop
      answers.push((await asked).body);
    }
  }
  const file = process.env["KINODE_PRINT_ANSWERS"];
  if (file !== undefined) writeFileSync(join(FOLDER, file), `${answers.join("\n")}\n`);
  expect(answers.length).toBe(7);
  expect(answers).toEqual(linesOf("answers.jsonl"));
  expect(answers[1]).toContain('"ports":[["tcp",10000],["ws",9000]]');
});
