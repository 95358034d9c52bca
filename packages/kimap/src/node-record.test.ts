/** Source: spec/network-identity.md §3.4, §3.6. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { concat } from "./abi.ts";
import { hashBytes, nameHash } from "./names.ts";
import {
  EMPTY_RECORD,
  formatIp,
  isReachable,
  type NodeRecord,
  readRouters,
  toNodeInfo,
  withNote,
} from "./node-record.ts";

const KEY = new Uint8Array(32).fill(0xab);
const R1 = nameHash("r1.os");
const NAMES = new Map([[R1, "r1.os"]]);
const info = (record: NodeRecord) => toNodeInfo("a.os", record, (hash) => NAMES.get(hash));
const notes = (...list: [string, Uint8Array][]): NodeRecord =>
  list.reduce((record, [label, data]) => withNote(record, label, data), EMPTY_RECORD);
const IP: [string, Uint8Array] = ["~ip", Uint8Array.of(127, 0, 0, 1)];
const WS: [string, Uint8Array] = ["~ws-port", Uint8Array.of(0x23, 0x28)];
const TCP: [string, Uint8Array] = ["~tcp-port", Uint8Array.of(0x27, 0x10)];
const NET_KEY: [string, Uint8Array] = ["~net-key", KEY];
const ROUTERS: [string, Uint8Array] = ["~routers", hashBytes(R1)];

test("[N71] routers are hashes one after the other; a length not divisible by 32 gives none", () => {
  const two = concat(hashBytes(R1), hashBytes(nameHash("r2.os")));
  expect(readRouters(two)).toEqual([R1, nameHash("r2.os")]);
  expect(readRouters(new Uint8Array(0))).toEqual([]);
  expect(readRouters(new Uint8Array(32 * 256)).length).toBe(256);
  expect(readRouters(new Uint8Array(32 * 257)).length).toBe(256);
  for (const length of [1, 31, 33, 63]) expect(readRouters(new Uint8Array(length))).toEqual([]);
  expect(info(notes(NET_KEY, ["~routers", two.subarray(1)])).routers).toEqual([]);
  // The second has no known name yet.
  expect(info(notes(["~routers", two])).routers).toEqual(["r1.os"]);
});

test("[N72] what was written last decides whether a node is direct or has routers", () => {
  const direct = info(notes(NET_KEY, ROUTERS, IP, WS, TCP));
  expect(direct).toEqual({
    name: "a.os",
    publicKey: "ab".repeat(32),
    ips: ["127.0.0.1"],
    ports: new Map([
      ["tcp", 10_000],
      ["ws", 9_000],
    ]),
    routers: [],
  });
  expect(info(notes(NET_KEY, IP, WS, TCP, ROUTERS))).toEqual({
    ...direct,
    ips: [],
    ports: new Map(),
    routers: ["r1.os"],
  });
  for (const note of [IP, WS, TCP]) expect(info(notes(ROUTERS, note)).routers).toEqual([]);
  expect([...info(notes(WS, TCP)).ports.keys()]).toEqual(["tcp", "ws"]);
});

test("[N73] a node has a key and an address with a port, or routers", () => {
  const isNode = (...list: [string, Uint8Array][]): boolean => isReachable(info(notes(...list)));
  expect(isNode(NET_KEY, IP, WS)).toBe(true);
  expect(isNode(NET_KEY, IP, TCP)).toBe(true);
  expect(isNode(NET_KEY, ROUTERS)).toBe(true);
  expect(isNode(IP, WS)).toBe(false);
  expect(isNode(ROUTERS)).toBe(false);
  expect(isNode(NET_KEY)).toBe(false);
  expect(isNode(NET_KEY, IP)).toBe(false);
  expect(isNode(NET_KEY, WS)).toBe(false);
  expect(isNode(NET_KEY, IP, ["~ws-port", Uint8Array.of(0, 0)])).toBe(false);
  expect(isNode(NET_KEY, ["~routers", hashBytes(nameHash("unknown.os"))])).toBe(false);
});

test("notes of a wrong length change nothing", () => {
  const record = notes(NET_KEY, IP, WS, TCP);
  for (const [label, right] of [
    ["~net-key", [32]],
    ["~ip", [4, 16]],
    ["~ws-port", [2]],
    ["~tcp-port", [2]],
  ] as const) {
    for (let length = 0; length <= 40; length++) {
      if ((right as readonly number[]).includes(length)) continue;
      expect(withNote(record, label, new Uint8Array(length))).toBe(record);
    }
  }
  expect(withNote(record, "~other", KEY)).toBe(record);
});

test("addresses are written as the web writes them", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = formatIp(bytes)!;
      return new URL(`http://[${text}]/`).hostname === `[${text}]`;
    }),
  );
  const v6 = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(" ", ""));
  expect(formatIp(v6("0000 0000 0000 0000 0000 0000 0000 0001"))).toBe("::1");
  expect(formatIp(v6("2001 0db8 0000 0000 0001 0000 0000 0000"))).toBe("2001:db8:0:0:1::");
  expect(formatIp(new Uint8Array(16))).toBe("::");
  expect(formatIp(v6("fd00 0000 0001 0002 0003 0004 0005 0006"))).toBe("fd00:0:1:2:3:4:5:6");
  expect(formatIp(new Uint8Array(5))).toBeUndefined();
});
