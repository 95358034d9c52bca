import { expect, test } from "bun:test";
import type { ProcessId } from "@kinode-ts/types";
import { AddressCache } from "../src/address-cache.ts";
import { address as addressType } from "../src/standard-types.ts";
import { createMemory } from "./guest-memory.ts";

const AT = 1_024;
const named = (node: string) => ({ node, process: "p:q:r" as ProcessId });

function lift(cache: AddressCache, node: string) {
  const { memory } = createMemory(4);
  addressType.store(memory, named(node), AT);
  return cache.lift(memory, AT >> 2, undefined);
}

test("equal bytes give the same object, others another", () => {
  const cache = new AddressCache();
  const first = lift(cache, "alice.os");
  expect(first.address).toEqual(named("alice.os"));
  expect(lift(cache, "alice.os").address).toBe(first.address);
  expect(lift(cache, "bob.os").address).not.toBe(first.address);
  expect(cache.encode(first.address)).toBe(first);
});

test("long addresses are lifted but not kept", () => {
  const cache = new AddressCache();
  const long = "a".repeat(10_000);
  expect(lift(cache, long).address).toEqual(named(long));
  expect(cache.size).toBe(0);
});

test("the number of kept addresses is bounded", () => {
  const cache = new AddressCache();
  const { memory } = createMemory(4);
  for (let i = 0; i < 5_000; i++) {
    addressType.store(memory, named(`n${i}`), AT);
    cache.lift(memory, AT >> 2, undefined);
  }
  expect(cache.size).toBeLessThanOrEqual(4_096);
  expect(lift(cache, "n4999").address).toEqual(named("n4999"));
});

test("an address that differs only behind a part's hashed bytes is another", () => {
  const cache = new AddressCache();
  const prefix = "x".repeat(40);
  expect(lift(cache, `${prefix}a`).address.node).toBe(`${prefix}a`);
  expect(lift(cache, `${prefix}b`).address.node).toBe(`${prefix}b`);
});
