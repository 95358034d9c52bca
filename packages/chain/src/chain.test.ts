/** Source: spec/network-identity.md §3.3, §3.5, §3.8, appendix A.7. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  commitment,
  decodeEntry,
  decodeLog,
  directNotes,
  encodeCommit,
  encodeExecute,
  encodeFact,
  encodeGet,
  encodeMint,
  encodeNote,
  encodeWriteNotes,
  type Hex,
  LOCAL_KIMAP,
  nameHash,
  REVERTS,
  TOPICS,
  toHex,
  ZERO_ADDRESS,
} from "@kinode-ts/kimap";
import { compileContracts } from "../test/compile.ts";
import { contracts } from "./generated/contracts.ts";
import { type Chain, FIRST_ACCOUNT, findAnvil, sendTransaction, startChain } from "./index.ts";

// Another program, and a compiler, on a machine that may be busy.
setDefaultTimeout(120_000);

const { registry, osAccount, zoneAccount, accountImplementation } = LOCAL_KIMAP;
const KEY = new Uint8Array(32).fill(0xab);
const DIRECT = directNotes({ key: KEY, ip: Uint8Array.of(127, 0, 0, 1), wsPort: 9_000 });
const SECOND_ACCOUNT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const none = new Uint8Array();

test("the committed code is what the sources compile to", () => {
  expect(compileContracts()).toEqual(contracts);
});

const hasAnvil = findAnvil() !== undefined;
if (!hasAnvil) console.warn("Skipped: tests on a local chain, because anvil is not there");

describe.skipIf(!hasAnvil)("on a chain", () => {
  let chain: Chain;
  beforeAll(async () => {
    chain = await startChain({ port: 0 });
  });
  afterAll(async () => {
    await chain.stop();
  });

  const get = async (name: string) =>
    decodeEntry(
      await chain.rpc("eth_call", [{ to: registry, data: encodeGet(nameHash(name)) }, "latest"]),
    )!;
  const send = (to: Hex, data: Uint8Array, from: Hex = FIRST_ACCOUNT, gas?: number) =>
    sendTransaction(chain.rpc, { from, to, data, gas });
  const mint = (label: string, zone: Hex = osAccount, initialization: Uint8Array = none) =>
    send(
      zone,
      encodeMint({
        to: FIRST_ACCOUNT,
        label,
        initialization,
        implementation: accountImplementation,
      }),
    );
  /** Why a call would be refused, by the four bytes it gives back. */
  const refusal = async (to: Hex, data: Uint8Array, from: Hex = FIRST_ACCOUNT): Promise<string> => {
    const response = await fetch(chain.url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "eth_call",
        params: [{ from, to, data: toHex(data) }, "latest"],
      }),
    });
    const { error } = (await response.json()) as { error?: { data?: string } };
    return REVERTS[(error?.data?.slice(0, 10) ?? "0x") as Hex] ?? `not refused: ${error?.data}`;
  };
  const asAccount = (target: Hex, data: Uint8Array) =>
    encodeExecute({ target, data, operation: "call" });

  test("zones are there at their addresses, with logs", async () => {
    expect((await get("os")).account).toBe(osAccount.toLowerCase() as Hex);
    expect((await get("dev")).account).toBe(zoneAccount!.toLowerCase() as Hex);
    expect((await get("nobody.os")).account).toBe(ZERO_ADDRESS);
    const logs = (await chain.rpc("eth_getLogs", [
      { address: registry, topics: [TOPICS.mint], fromBlock: "0x1", toBlock: "latest" },
    ])) as unknown[];
    const events = logs.map((log) => decodeLog(log, LOCAL_KIMAP)?.event.label);
    expect(events.slice(0, 2)).toEqual(["os", "dev"]);
  });

  test("the mint of a fake node gives the four kinds of logs in their order", async () => {
    const { logs } = await mint("alice", osAccount, encodeWriteNotes(LOCAL_KIMAP, DIRECT));
    const alice = nameHash("alice.os");
    const ours = logs.filter(({ address }) => address === registry.toLowerCase());
    expect(ours.map(({ topics }) => topics[0])).toEqual([
      TOPICS.mint,
      TOPICS.transfer,
      TOPICS.note,
      TOPICS.note,
      TOPICS.note,
      TOPICS.transfer,
    ]);
    expect(ours[0]!.topics.slice(1)).toEqual([
      nameHash("os"),
      alice,
      "0x9c0257114eb9399a2985f8e75dad7600c5d89fe3824ffa99ec1c3eb8bf3b0501",
    ]);
    // Ours first, the owner's last.
    const padded = (address: Hex): Hex => `0x${"0".repeat(24)}${address.slice(2).toLowerCase()}`;
    expect(ours[1]!.topics.slice(1)).toEqual([`0x${"0".repeat(64)}`, padded(registry), alice]);
    expect(ours[5]!.topics.slice(1)).toEqual([padded(registry), padded(FIRST_ACCOUNT), alice]);
    expect(logs.map(({ address }) => address === registry.toLowerCase())).toEqual(
      // Between them the account is made, and told what to run.
      [true, false, true, false, true, true, true, true],
    );
    const entry = await get("alice.os");
    expect(entry.owner).toBe(FIRST_ACCOUNT.toLowerCase() as Hex);
    expect((await get("~ws-port.alice.os")).data).toEqual(Uint8Array.of(0x23, 0x28));
    expect((await get("~ws-port.alice.os")).account).toBe(ZERO_ADDRESS);
    expect((await get("~net-key.alice.os")).data).toEqual(KEY);
    // Again: notes alone, through the account.
    const reset = encodeWriteNotes(LOCAL_KIMAP, [["~ws-port", Uint8Array.of(1, 2)]]);
    await send(entry.account, reset);
    expect((await get("~ws-port.alice.os")).data).toEqual(Uint8Array.of(1, 2));
  });

  test("names below names, and what the registry refuses", async () => {
    await mint("parent", zoneAccount!);
    const { account } = await get("parent.dev");
    const child = encodeMint({
      to: SECOND_ACCOUNT,
      label: "child",
      initialization: none,
      implementation: accountImplementation,
    });
    await send(account, asAccount(registry, child));
    expect((await get("child.parent.dev")).owner).toBe(SECOND_ACCOUNT.toLowerCase() as Hex);
    const note = (label: string) => asAccount(registry, encodeNote(label, none));
    const fact = (label: string, data: Uint8Array) => asAccount(registry, encodeFact(label, data));
    expect(await refusal(account, asAccount(registry, child))).toBe("the name exists already");
    expect(await refusal(account, note("net-key"))).toBe("a note begins with ~");
    expect(await refusal(account, note("~"))).toBe("the label is too short");
    expect(await refusal(account, note(`~${"a".repeat(63)}`))).toBe("the label is too long");
    expect(await refusal(account, note("~A"))).toBe("a label has a-z, 0-9 and - only");
    expect(await refusal(account, fact("x", KEY))).toBe("a fact begins with !");
    expect(await refusal(account, fact("!x", none))).toBe("a fact needs data");
    await send(account, fact("!x", KEY));
    expect(await refusal(account, fact("!x", none))).toBe("a fact needs data");
    expect(await refusal(account, fact("!x", KEY))).toBe(
      "the fact exists already and cannot be changed",
    );
    expect(await refusal(registry, encodeNote("~x", none))).toBe(
      "only the account of the parent may do this",
    );
    expect(await refusal(account, note("~x"), SECOND_ACCOUNT)).toBe(
      "only the owner of the name may do this",
    );
    const failing = encodeMint({
      to: FIRST_ACCOUNT,
      label: "failing",
      initialization: note("no-tilde"),
      implementation: accountImplementation,
    });
    expect(await refusal(zoneAccount!, failing)).toBe(
      "the account of the new name could not be set up",
    );
    await send(account, note("~empty"));
  });
});

describe.skipIf(!hasAnvil)("with the rule of the real chain", () => {
  test("names below os are committed to, and minted later than 15 seconds after", async () => {
    await using chain = await startChain({ port: 0, commitRule: true });
    const label = "alice-node";
    const mint = (wanted = label) =>
      sendTransaction(chain.rpc, {
        from: FIRST_ACCOUNT,
        to: osAccount,
        data: encodeMint({
          to: FIRST_ACCOUNT,
          label: wanted,
          initialization: none,
          implementation: accountImplementation,
        }),
      });
    const refused = async (wanted?: string): Promise<boolean> =>
      await mint(wanted).then(
        () => false,
        () => true,
      );
    expect(await refused()).toBe(true);
    const commit = () =>
      sendTransaction(chain.rpc, {
        from: FIRST_ACCOUNT,
        to: osAccount,
        data: encodeCommit(commitment(label, FIRST_ACCOUNT)),
      });
    await commit();
    expect(await refused()).toBe(true);
    expect(
      await commit().then(
        () => false,
        () => true,
      ),
    ).toBe(true);
    await chain.rpc("evm_increaseTime", [16]);
    expect(await refused("short")).toBe(true);
    await mint();
    const found = await chain.rpc("eth_call", [
      { to: registry, data: encodeGet(nameHash("alice-node.os")) },
      "latest",
    ]);
    expect(decodeEntry(found)?.owner).toBe(FIRST_ACCOUNT.toLowerCase() as Hex);
  });
});

test("what cannot start says why", async () => {
  await expect(startChain({ anvil: "/bin/false", port: 0 })).rejects.toThrow(
    "The chain does not start: anvil ended with code 1",
  );
});
