/** Source: spec/network-identity.md §3.3, §3.5; viem as the other implementation. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  encodeAbiParameters,
  encodeFunctionData,
  encodeFunctionResult,
  keccak256,
  parseAbi,
  toFunctionSelector,
} from "viem";
import {
  commitment,
  decodeAddress,
  decodeEntries,
  decodeEntry,
  directNotes,
  encodeAggregate,
  encodeCommit,
  encodeExecute,
  encodeFact,
  encodeGet,
  encodeGetAll,
  encodeMint,
  encodeNote,
  encodeTbaOf,
  encodeWriteNotes,
  indirectNotes,
  SELECTORS,
} from "./calls.ts";
import { toHex } from "./hex.ts";
import { hashBytes, nameHash } from "./names.ts";
import { KIMAP } from "./registry-config.ts";

const ABI = parseAbi([
  "function get(bytes32) view returns (address tba, address owner, bytes data)",
  "function mint(address to, bytes label, bytes initialization, address implementation) returns (address)",
  "function note(bytes label, bytes data) returns (bytes32)",
  "function fact(bytes label, bytes data) returns (bytes32)",
  "function gene(address)",
  "function leaf(bytes32, bytes) pure returns (bytes32)",
  "function tbaOf(bytes32) view returns (address)",
  "function ownerOf(uint256) view returns (address)",
  "function execute(address to, uint256 value, bytes data, uint8 operation) payable returns (bytes)",
  "struct Call { address target; bytes callData; }",
  "function aggregate(Call[] calls) payable returns (uint256 blockNumber, bytes[] returnData)",
  "function commit(bytes32)",
]);
const ALICE = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
const text = (label: string) => toHex(new TextEncoder().encode(label));
const bytes = fc.uint8Array({ maxLength: 100 });
const label = fc.stringMatching(/^[-0-9a-z]{1,63}$/);

test("selectors are those of the signatures", () => {
  for (const [name, selector] of Object.entries(SELECTORS)) {
    const item = ABI.find((each) => each.name === name)!;
    expect([name, selector as string]).toEqual([name, toFunctionSelector(item)]);
  }
});

test("calls are encoded as another implementation encodes them", () => {
  fc.assert(
    fc.property(label, bytes, fc.array(bytes, { maxLength: 5 }), (name, data, many) => {
      const initialization = toHex(data);
      const impl = KIMAP.accountImplementation;
      expect(
        toHex(encodeMint({ to: ALICE, label: name, initialization: data, implementation: impl })),
      ).toBe(
        encodeFunctionData({
          abi: ABI,
          functionName: "mint",
          args: [ALICE, text(name), initialization, impl],
        }),
      );
      for (const [functionName, encode] of [
        ["note", encodeNote],
        ["fact", encodeFact],
      ] as const) {
        expect(toHex(encode(name, data))).toBe(
          encodeFunctionData({ abi: ABI, functionName, args: [text(name), toHex(data)] }),
        );
      }
      const calls = many.map((each) => ({ target: KIMAP.registry, data: each }));
      const viemCalls = calls.map((each) => ({ target: each.target, callData: toHex(each.data) }));
      const aggregate = encodeFunctionData({
        abi: ABI,
        functionName: "aggregate",
        args: [viemCalls],
      });
      expect(toHex(encodeAggregate(calls))).toBe(aggregate);
      expect(toHex(encodeExecute({ target: ALICE, data, operation: "delegate" }))).toBe(
        encodeFunctionData({
          abi: ABI,
          functionName: "execute",
          args: [ALICE, 0n, toHex(data), 1],
        }),
      );
      expect(commitment(name, ALICE)).toBe(
        keccak256(
          encodeAbiParameters([{ type: "bytes" }, { type: "address" }], [text(name), ALICE]),
        ),
      );
    }),
    { numRuns: 50 },
  );
  const hash = nameHash("alice.os");
  expect(encodeGet(hash)).toBe(encodeFunctionData({ abi: ABI, functionName: "get", args: [hash] }));
  expect(encodeTbaOf(hash)).toBe(
    encodeFunctionData({ abi: ABI, functionName: "tbaOf", args: [hash] }),
  );
  expect(toHex(encodeCommit(hash))).toBe(
    encodeFunctionData({ abi: ABI, functionName: "commit", args: [hash] }),
  );
});

test("notes are written by the account itself, several in one call", () => {
  const notes = directNotes({
    key: new Uint8Array(32).fill(7),
    ip: Uint8Array.of(127, 0, 0, 1),
    wsPort: 9_000,
    tcpPort: 10_000,
  });
  expect(notes.map(([name]) => name)).toEqual(["~net-key", "~ws-port", "~tcp-port", "~ip"]);
  expect(notes[1]![1]).toEqual(Uint8Array.of(0x23, 0x28));
  const args = notes.map(([name, data]) => ({
    target: KIMAP.registry,
    callData: encodeFunctionData({
      abi: ABI,
      functionName: "note",
      args: [text(name), toHex(data)],
    }),
  }));
  const aggregate = encodeFunctionData({ abi: ABI, functionName: "aggregate", args: [args] });
  expect(toHex(encodeWriteNotes(KIMAP, notes))).toBe(
    encodeFunctionData({
      abi: ABI,
      functionName: "execute",
      args: [KIMAP.multicall, 0n, aggregate, 1],
    }),
  );
  expect(indirectNotes(new Uint8Array(32), ["r1.os"])[1]).toEqual([
    "~routers",
    hashBytes(nameHash("r1.os")),
  ]);
});

test("answers are read as another implementation writes them, cut ones not at all", () => {
  const data = "0x7f000001";
  const result = encodeFunctionResult({
    abi: ABI,
    functionName: "get",
    result: [ALICE, KIMAP.registry, data],
  });
  const entry = {
    account: ALICE,
    owner: KIMAP.registry.toLowerCase(),
    data: Uint8Array.of(127, 0, 0, 1),
  } as const;
  expect(decodeEntry(result)).toEqual(entry as never);
  for (let cut = 2; cut < result.length - 56; cut += 2) {
    expect(decodeEntry(result.slice(0, cut))).toBeUndefined();
  }
  const many = encodeFunctionResult({
    abi: ABI,
    functionName: "aggregate",
    result: [5n, [result, "0x"]],
  });
  expect(decodeEntries(many)).toEqual([entry as never, undefined]);
  expect(decodeEntries("0x")).toBeUndefined();
  expect(decodeEntries("nonsense")).toBeUndefined();
  expect(encodeGetAll(KIMAP, [nameHash("a.os")]).startsWith(SELECTORS.aggregate)).toBe(true);
  expect(decodeAddress(`0x${"00".repeat(12)}${ALICE.slice(2)}`)).toBe(ALICE);
  expect(decodeAddress(`0x01${"00".repeat(11)}${ALICE.slice(2)}`)).toBeUndefined();
});
