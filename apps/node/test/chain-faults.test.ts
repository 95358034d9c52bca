/**
 * The index of names in a real node, before a chain that is rewritten and a provider that is not to be relied on.
 * Source: spec/network-identity.md §3.6, §6 W14.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Chain,
  findAnvil,
  FIRST_ACCOUNT,
  sendTransaction,
  startChain,
} from "@kinode-ts/chain";
import {
  decodeEntry,
  directNotes,
  encodeGet,
  encodeMint,
  encodeWriteNotes,
  LOCAL_KIMAP,
  nameHash,
} from "@kinode-ts/kimap";
import { type NodeProgram, startNodeProgram } from "./node-program.ts";
import { type Provider, startProvider } from "./unreliable-provider.ts";

setDefaultTimeout(120_000);
const hasAnvil = findAnvil() !== undefined;
if (!hasAnvil) console.warn("Skipped: names on a chain with faults, because anvil is not there");

describe.skipIf(!hasAnvil)("names on chain", () => {
  const folder = mkdtempSync(join(tmpdir(), "chain-faults-"));
  let chain: Chain;
  let provider: Provider;
  let node: NodeProgram;
  const notes = (port: number) =>
    directNotes({ key: new Uint8Array(32).fill(7), ip: Uint8Array.of(127, 0, 0, 1), wsPort: port });

  const mint = async (label: string, port: number): Promise<void> => {
    const { zoneAccount, accountImplementation: implementation } = LOCAL_KIMAP;
    const initialization = encodeWriteNotes(LOCAL_KIMAP, notes(port));
    const data = encodeMint({ to: FIRST_ACCOUNT, label, initialization, implementation });
    await sendTransaction(chain.rpc, { from: FIRST_ACCOUNT, to: zoneAccount!, data });
  };
  /** Makes the indexer look now, by asking for a block that is far away. */
  const hurry = async (): Promise<void> => {
    const question = { NamehashToName: { hash: nameHash("os"), block: 900_000_000 } };
    await node.type(`m our@kns-indexer:kns-indexer:sys '${JSON.stringify(question)}' -a 4`);
  };
  const showsInfo = async (name: string, wanted: RegExp): Promise<void> => {
    for (const deadline = performance.now() + 60_000; performance.now() < deadline;) {
      node.forget();
      // oxlint-disable-next-line no-await-in-loop -- until it is so
      await node.type(`node-info:kns-indexer:sys ${name}`);
      // oxlint-disable-next-line no-await-in-loop
      const [text] = await node.shows(/routers: \S+|is known on chain|Err|timed out/);
      if (wanted.test(node.received()) || wanted.test(text)) return;
      // oxlint-disable-next-line no-await-in-loop
      await Bun.sleep(300);
    }
    throw new Error(`${name} never showed ${wanted}:\n${node.received()}`);
  };

  beforeAll(async () => {
    // A long time with nothing in it, a name, and then more blocks than can be taken back.
    chain = await startChain({ port: 0, startBlock: 50_000 });
    provider = startProvider(chain.port);
    await mint("early", 4_001);
    await chain.rpc("anvil_mine", ["0xa0"]);
    await mint("late", 4_002);
    const flags = ["--fake-node-name", "alice.dev", "--fakechain-port", String(provider.port)];
    node = await startNodeProgram(join(folder, "alice"), [...flags, "--password", "secret"]);
  });
  afterAll(async () => {
    await node?.stop();
    await provider?.stop();
    await chain?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("50,000 blocks are read in the background, and said so", async () => {
    await node.shows(/names on chain: reading 500\d\d blocks/);
    await node.shows(/names on chain: up to date/);
    await showsInfo("early.dev", /ws 4001/);
    await showsInfo("late.dev", /ws 4002/);
  });

  test("what a reorganisation takes back is undone", async () => {
    const question = { to: LOCAL_KIMAP.registry, data: encodeGet(nameHash("late.dev")) };
    const { account } = decodeEntry(await chain.rpc("eth_call", [question, "latest"]))!;
    await sendTransaction(chain.rpc, {
      from: FIRST_ACCOUNT,
      to: account,
      data: encodeWriteNotes(LOCAL_KIMAP, notes(4_003)),
    });
    await showsInfo("late.dev", /ws 4003/);
    await chain.rpc("anvil_reorg", [1, []]);
    await hurry();
    await showsInfo("late.dev", /ws 4002/);
  });

  test("a provider that limits and lies delays the index and does not mislead it", async () => {
    provider.mood = "bad";
    await mint("hidden", 4_004);
    for (const deadline = performance.now() + 60_000; provider.faults < 3;) {
      // oxlint-disable-next-line no-await-in-loop -- until it was met
      await hurry();
      // oxlint-disable-next-line no-await-in-loop
      await Bun.sleep(250);
      expect(performance.now()).toBeLessThan(deadline);
    }
    provider.mood = "good";
    await showsInfo("hidden.dev", /ws 4004/);
    await showsInfo("early.dev", /ws 4001/);
  });
});
