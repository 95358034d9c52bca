/** Source: spec/network-identity.md §3.3, appendix A.7; viem as the other implementation. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeEventLog, encodeAbiParameters, type Hex as ViemHex, parseAbi } from "viem";
import { toHex } from "./hex.ts";
import {
  decodeEvent,
  decodeLog,
  factFilter,
  mintFilter,
  NODE_NOTES,
  noteFilter,
  TOPICS,
} from "./logs.ts";
import { childHash, labelHash, nameHash, ROOT_HASH } from "./names.ts";
import { KIMAP } from "./registry-config.ts";

const EVENTS = parseAbi([
  "event Mint(bytes32 indexed parenthash, bytes32 indexed childhash, bytes indexed labelhash, bytes label)",
  "event Note(bytes32 indexed parenthash, bytes32 indexed notehash, bytes indexed labelhash, bytes label, bytes data)",
  "event Fact(bytes32 indexed parenthash, bytes32 indexed facthash, bytes indexed labelhash, bytes label, bytes data)",
]);
const text = (label: string): ViemHex => toHex(new TextEncoder().encode(label));

function rawLog(topic: ViemHex, parent: ViemHex, label: string, data?: ViemHex) {
  const types = data === undefined ? ["bytes"] : ["bytes", "bytes"];
  const values = data === undefined ? [text(label)] : [text(label), data];
  return {
    address: KIMAP.registry as string,
    topics: [topic, parent, childHash(parent, labelHash(label)), labelHash(label)] as unknown[],
    data: encodeAbiParameters(
      types.map((type) => ({ type })),
      values,
    ) as string,
    blockNumber: "0x10",
    blockHash: `0x${"12".repeat(32)}`,
    logIndex: "0x3",
    removed: false,
  };
}

test("[N70] filters have the topics of the specification, the five notes by the hashes of their labels", () => {
  expect(mintFilter(KIMAP)).toEqual({
    address: KIMAP.registry,
    topics: ["0xb59dae5eda69178326b6517bb1aa33e208bf2ac347e30d3a5daf0ecb6249f7b1"],
  });
  expect(noteFilter(KIMAP, NODE_NOTES).topics).toEqual([
    "0xe40d9f1ec78dfc3c5a94c3edae28058ba092a8f65ce8a199731840a3d20f82f4",
    null,
    null,
    [
      "0xa5373a61425ed8131f531e016a0201b9a2ede9433815077c8afab1eaa138c07c",
      "0xd653d0e13523ce0a2b235515078bf32ff9df12923afa9d30036d9032c66ae246",
      "0x751ddce9620f1d08e231830adaabfa32644d6a586cbd4b9f29c43557dc24530a",
      "0xc38f133f3e2c8163b154bc99d2da6d3bbf94809973b8fa62e66e422064020173",
      "0x8e929416e61a712f9ef64014703d5dc1d11415e2e76a38718f8f996bb39b7d7c",
    ],
  ]);
  expect(factFilter(KIMAP).topics).toEqual([
    "0x6df41fff09a97e34e341514998993ce9f4542c3fa8358931a96c9fff178c3adb",
  ]);
});

test("the logs of a mint with notes, as the appendix has them", () => {
  const os = nameHash("os");
  const alice = nameHash("alice.os");
  expect(decodeEvent(rawLog(TOPICS.mint, os, "alice"), KIMAP)).toEqual({
    kind: "mint",
    parent: os,
    hash: alice,
    label: "alice",
  });
  const note = rawLog(TOPICS.note, alice, "~ip", "0x7f000001");
  expect((note.topics[2] as string).slice(2, 10)).toBe("50aa3442");
  expect(decodeEvent(note, KIMAP)).toEqual({
    kind: "note",
    parent: alice,
    hash: nameHash("~ip.alice.os"),
    label: "~ip",
    data: Uint8Array.of(127, 0, 0, 1),
  });
  expect(decodeLog({ ...note, removed: true }, KIMAP)).toMatchObject({
    block: 16,
    index: 3,
    removed: true,
  });
  expect(decodeEvent(rawLog(TOPICS.fact, alice, "!x", "0x01"), KIMAP)?.kind).toBe("fact");
});

test("a log that contradicts itself, or is of another contract, is none of ours", () => {
  const good = rawLog(TOPICS.note, nameHash("alice.os"), "~ip", "0x7f000001");
  const bad: unknown[] = [
    null,
    7,
    {},
    { ...good, address: `0x${"00".repeat(20)}` },
    { ...good, topics: good.topics.slice(1) },
    { ...good, topics: [TOPICS.mint, ...good.topics.slice(1)] },
    { ...good, topics: [TOPICS.fact, ...good.topics.slice(1)] },
    { ...good, topics: [good.topics[0], ROOT_HASH, ...good.topics.slice(2)] },
    { ...good, topics: [...good.topics.slice(0, 3), labelHash("~ws-port")] },
    { ...good, data: good.data.slice(0, -62) },
    { ...good, data: good.data.slice(0, 130) },
    { ...good, data: "0x" },
    { ...good, data: `0x${"ff".repeat(160)}` },
    { ...good, blockNumber: null },
    { ...good, blockNumber: "16" },
    { ...good, logIndex: null },
    { ...good, blockHash: null },
    rawLog(TOPICS.mint, nameHash("os"), "Alice"),
    rawLog(TOPICS.mint, nameHash("os"), "a".repeat(64)),
    rawLog(TOPICS.mint, nameHash("os"), "~net-key"),
    rawLog(TOPICS.note, nameHash("os"), "net-key", "0x01"),
  ];
  for (const log of bad) expect(decodeLog(log, KIMAP)).toBeUndefined();
  expect(decodeLog(good, KIMAP)).toBeDefined();
});

const label = fc.stringMatching(/^[-0-9a-z]{1,62}$/);
const bytes = fc.uint8Array({ maxLength: 200 }).map(toHex);

test("what is read is what another implementation reads", () => {
  fc.assert(
    fc.property(label, bytes, fc.constantFrom("note", "fact"), (name, data, kind) => {
      const log = rawLog(TOPICS[kind], ROOT_HASH, `${kind === "note" ? "~" : "!"}${name}`, data);
      const { args } = decodeEventLog({
        abi: EVENTS,
        topics: log.topics as [ViemHex],
        data: log.data as ViemHex,
      });
      const event = decodeEvent(log, KIMAP);
      if (event === undefined || event.kind === "mint" || args === undefined || !("data" in args))
        return false;
      return args.label === text(event.label) && args.data === toHex(event.data);
    }),
  );
});

test("no change of a log makes reading it fail", () => {
  const good = rawLog(TOPICS.note, nameHash("alice.os"), "~routers", `0x${"ab".repeat(64)}`);
  fc.assert(
    fc.property(
      fc.nat(good.data.length - 3),
      fc.constantFrom("0", "f", "", "20", "ffffffffffffffff", "x"),
      (at, put) => {
        const data = good.data.slice(0, at + 2) + put + good.data.slice(at + 3);
        const event = decodeEvent({ ...good, data }, KIMAP);
        return event === undefined || event.label === "~routers";
      },
    ),
    { numRuns: 2_000 },
  );
  fc.assert(
    fc.property(fc.anything(), (log) => decodeLog(log, KIMAP) === undefined),
    { numRuns: 500 },
  );
});
