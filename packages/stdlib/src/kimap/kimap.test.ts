/** The registry's client against modules in memory; viem is the oracle of its ABI. */
import { afterEach, expect, test } from "bun:test";
import type { GuestRuntime } from "@kinode-ts/types";
import {
  decodeFunctionData,
  encodeAbiParameters,
  encodeEventTopics,
  encodeFunctionResult,
  keccak256,
  stringToHex,
} from "viem";
import { nameHash } from "@kinode-ts/kimap";
import * as v from "../index.ts";
import { TestNode, useHost } from "../testing/index.ts";
import {
  decodeFactLog,
  decodeMintLog,
  decodeNoteLog,
  Kimap,
  KIMAP_ADDRESS,
  KIMAP_CHAIN_ID,
  KIMAP_FIRST_BLOCK,
  KIMAP_ROOT_HASH,
  kimapAbi,
  type KimapLog,
  namehash,
  resolveFullName,
  validEntry,
  validFact,
  validName,
  validNote,
} from "./index.ts";

const ME = "me:test:sys";
const OWNER = "0x1111111111111111111111111111111111111111";
const TBA = "0x2222222222222222222222222222222222222222";

afterEach(() => useHost(undefined));

interface Asked {
  readonly Request?: { readonly method: string; readonly params: [{ to: string; data: string }] };
  readonly NamehashToName?: { readonly hash: string; readonly block: number };
}

/** Runs a body in a process; `call` answers calls of contracts, `names` is what the indexer knows. */
async function run<T>(
  body: () => Promise<T>,
  call: (to: string, data: `0x${string}`) => string = () => "0x",
  names: Readonly<Record<string, string>> = {},
): Promise<{ readonly result: T; readonly asked: Asked[] }> {
  let result: T | undefined;
  const asked: Asked[] = [];
  const node = new TestNode();
  node.addModule("eth:distro:sys", ({ text }, reply) => {
    const action = JSON.parse(text) as Asked;
    asked.push(action);
    const [{ to, data }] = action.Request!.params;
    reply(JSON.stringify({ Response: call(to, data as `0x${string}`) }));
  });
  node.addModule("kns-indexer:kns-indexer:sys", ({ text }, reply) => {
    const action = JSON.parse(text) as Asked;
    asked.push(action);
    reply(JSON.stringify({ Name: names[action.NamehashToName!.hash] ?? null }));
  });
  node.start(ME, (host: GuestRuntime) => {
    useHost(host);
    host.main(
      v.defineProcess(async () => {
        result = await body();
      }).init,
    );
  });
  await node.advance(10);
  expect(node.endings.get(ME)).toBe("returned");
  return { result: result as T, asked };
}

/** A log as a provider gives it. */
function logOf(
  event: "Mint" | "Note" | "Fact",
  label: string,
  parent: string,
  data?: string,
): KimapLog {
  const [topic] = encodeEventTopics({ abi: kimapAbi, eventName: event });
  const parentHash = nameHash(parent);
  const name = parent === "" ? label : `${label}.${parent}`;
  const values = [stringToHex(label), ...(data === undefined ? [] : [stringToHex(data)])];
  return {
    address: KIMAP_ADDRESS,
    topics: [topic, parentHash, nameHash(name), keccak256(stringToHex(label))],
    data: encodeAbiParameters(
      values.map(() => ({ type: "bytes" })),
      values,
    ),
    blockNumber: "0x182c0ff",
  };
}

test("constants, hashes and labels are those of the registry", () => {
  expect(KIMAP_ADDRESS).toBe("0x000000000033e5CCbC52Ec7BDa87dB768f9aA93F");
  expect([KIMAP_CHAIN_ID, KIMAP_FIRST_BLOCK]).toEqual([8453, 25_346_377]);
  expect(namehash("")).toBe(KIMAP_ROOT_HASH);
  expect(namehash("alice.os")).toBe(
    "0xfc921cbdfda30a7b21ad8f5c9ad542cbb5f6f3d0f8c2831fcd0325d1dbbdce8b",
  );
  expect(["a", "a-9", "A", "a_b", ""].map(validName)).toEqual([true, true, false, false, false]);
  expect(["~a", "~", "a", "!a"].map(validNote)).toEqual([true, false, false, false]);
  expect(["!a", "!", "a", "~a"].map(validFact)).toEqual([true, false, false, false]);
  expect(validEntry("a", false, false)).toBeTrue();
  expect(validEntry("~a", true, false)).toBeTrue();
  expect(validEntry("!a", false, true)).toBeTrue();
  expect(validEntry("~a", false, true)).toBeFalse();
});

test("entries by name and by hash, what holds nothing, and the way back from an account", async () => {
  const { result, asked } = await run(
    async () => {
      const kimap = new Kimap();
      return [
        await kimap.get("~note.alice.os"),
        await kimap.getHash(namehash("alice.os")),
        await kimap.getNamehashFromTba(TBA),
      ];
    },
    (to, data) => {
      if (to === TBA) {
        expect(data).toBe(keccak256(stringToHex("token()")).slice(0, 10) as `0x${string}`);
        return encodeAbiParameters(
          [{ type: "uint256" }, { type: "address" }, { type: "bytes32" }],
          [8453n, KIMAP_ADDRESS, namehash("alice.os")],
        );
      }
      const { functionName, args } = decodeFunctionData({ abi: kimapAbi, data });
      expect(functionName).toBe("get");
      const content = args![0] === namehash("~note.alice.os") ? stringToHex("hello") : "0x";
      return encodeFunctionResult({
        abi: kimapAbi,
        functionName: "get",
        result: [TBA, OWNER, content],
      });
    },
  );
  expect(result).toEqual([
    { tba: TBA, owner: OWNER, data: v.encodeUtf8("hello") },
    { tba: TBA, owner: OWNER, data: undefined },
    namehash("alice.os"),
  ]);
  expect(asked[0]!.Request!.params[0].to).toBe(KIMAP_ADDRESS);
});

test("a contract that is no registry is an error", async () => {
  const { result } = await run(() => new Kimap().get("alice.os").catch((e: unknown) => e));
  expect(result).toMatchObject({ code: "DecodeError" });
});

test("logs are decoded with the names of what they are below, as of their block", async () => {
  const names = { [namehash("os")]: "os", [namehash("alice.os")]: "alice.os" };
  const { result, asked } = await run(
    async () => [
      await decodeMintLog(logOf("Mint", "alice", "os")),
      await decodeMintLog(logOf("Mint", "os", "")),
      await decodeNoteLog(logOf("Note", "~ip", "alice.os", "data")),
      await decodeFactLog(logOf("Fact", "!born", "alice.os", "once")),
      await resolveFullName(logOf("Note", "~ip", "alice.os", "data")),
      await resolveFullName({ ...logOf("Mint", "bob", "os"), blockNumber: 7n }),
    ],
    undefined,
    names,
  );
  expect(result).toEqual([
    { name: "alice", parentPath: "os" },
    { name: "os", parentPath: "" },
    { note: "~ip", parentPath: "alice.os", data: v.encodeUtf8("data") },
    { fact: "!born", parentPath: "alice.os", data: v.encodeUtf8("once") },
    "~ip.alice.os",
    "bob.os",
  ]);
  expect(asked.map(({ NamehashToName: each }) => each!.block)).toEqual([
    0x182c0ff, 0x182c0ff, 0x182c0ff, 0x182c0ff, 7,
  ]);
});

test("what is no such log says why", async () => {
  const mint = logOf("Mint", "alice", "os");
  const { result } = await run(async () =>
    Promise.all(
      [
        decodeNoteLog(mint),
        decodeMintLog({ ...logOf("Mint", "ALICE", "os") }),
        decodeMintLog({ ...mint, data: "0x00" }),
        decodeMintLog({ ...mint, data: logOf("Mint", "bob", "os").data }),
        decodeMintLog(mint),
      ].map((each) => each.catch((e: { code: string }) => e.code)),
    ),
  );
  expect(result as unknown).toEqual([
    "UnexpectedTopic",
    "InvalidName",
    "DecodeError",
    "DecodeError",
    "UnresolvedParent",
  ]);
});

test("filters name the registry, the event and the labels", () => {
  const kimap = new Kimap({ provider: {} as never });
  const [mintTopic] = encodeEventTopics({ abi: kimapAbi, eventName: "Mint" });
  const [noteTopic] = encodeEventTopics({ abi: kimapAbi, eventName: "Note" });
  const [factTopic] = encodeEventTopics({ abi: kimapAbi, eventName: "Fact" });
  const address = KIMAP_ADDRESS;
  expect(kimap.mintFilter()).toEqual({ address, topics: [mintTopic] });
  expect(kimap.mintFilter("os")).toEqual({ address, topics: [mintTopic, namehash("os")] });
  expect(kimap.noteFilter()).toEqual({ address, topics: [noteTopic] });
  expect(kimap.factFilter()).toEqual({ address, topics: [factTopic] });
  expect(kimap.notesFilter(["~ip", "~net-key"])).toEqual({
    address,
    topics: [
      noteTopic,
      null,
      null,
      ["~ip", "~net-key"].map((each) => keccak256(stringToHex(each))),
    ],
  });
  expect(kimap.factsFilter(["!born"])).toEqual({
    address,
    topics: [factTopic, null, null, [keccak256(stringToHex("!born"))]],
  });
});
