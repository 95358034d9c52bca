/** Source: spec/network-identity.md §3.2. */
import { expect, test } from "bun:test";
import { entryKind, hashBytes, isValidName, nameHash } from "./names.ts";

const HASHES = {
  "": "0".repeat(64),
  os: "deeac81ae11b64e7cab86d089c306e5d223552a630f02633ce170d2786ff1bbd",
  dev: "137d9e4cc0479164d40577620cb3b41b083c6e8dbf58f8523be76d207d6fd8ea",
  kino: "a97b78a60e0b2cabb62703473679a95c9b516efee10a3a77e064de823e201c84",
  hypr: "29575a1a0473dcc0e00d7137198ed715215de7bffd92911627d5e008410a5826",
  "alice.os": "fc921cbdfda30a7b21ad8f5c9ad542cbb5f6f3d0f8c2831fcd0325d1dbbdce8b",
  "~net-key.alice.os": "2612e9785e426e0a457eef342ca955b5000c4bd37d24c42f23f8cc4316a7614f",
  "default-router-1.os": "b35eb347deb896bc3fb6132a07fca1601f83462385ed11e835c24c33ba4ef73d",
  "default-router-1.kino": "f62e57a8845cf65a6157583f06e18482539671d4f78bd378c639fdc5101b1653",
};

test("[N68] the hash of every name of the specification", () => {
  for (const [name, hash] of Object.entries(HASHES)) {
    expect([name, nameHash(name)]).toEqual([name, `0x${hash}`]);
  }
});

test("[N69] labels have 1 to 63 bytes of a-z, 0-9 and -, notes and facts their sign in front", () => {
  for (const label of ["a", "z".repeat(63), "0-9"]) expect(entryKind(label)).toBe("name");
  expect([entryKind("~net-key"), entryKind("!fact")]).toEqual(["note", "fact"]);
  expect(entryKind(`~${"a".repeat(62)}`)).toBe("note");
  for (const label of [
    "",
    "z".repeat(64),
    "A",
    "_",
    ".",
    "~",
    "!",
    "é",
    "a b",
    "a\n",
    `~${"a".repeat(63)}`,
  ]) {
    expect([label, entryKind(label)]).toEqual([label, undefined]);
  }
});

test("a name is labels with points between, and nothing else", () => {
  for (const name of ["os", "alice.os", "a.b.c"])
    expect([name, isValidName(name)]).toEqual([name, true]);
  for (const name of ["", ".", "alice.", ".os", "a..b", "~net-key.alice.os", "Alice.os"]) {
    expect([name, isValidName(name)]).toEqual([name, false]);
  }
});

test("what is no hash is refused with its text", () => {
  expect(() => hashBytes("0x12")).toThrow('"0x12" is no hash: it has not 32 bytes');
});
