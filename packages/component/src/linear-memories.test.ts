import { expect, test } from "bun:test";
import { LinearMemories } from "./linear-memories.ts";
import { addressSpaceOf, discardPages } from "./system-memories-bun.ts";

const PAGE_BYTES = 65_536;
const GIB = 2 ** 30;
const NO_ROOM = "the node has no address space left for another memory";

test("a memory grows in place: what was there is seen through views made before and after", () => {
  const memory = new LinearMemories().create({ min: 1, max: undefined });
  const before = new Uint8Array(memory.buffer);
  before[7] = 1;
  expect(memory.grow(1_000)).toBe(1);
  const after = new Uint8Array(memory.buffer);
  expect(after.length).toBe(1_001 * PAGE_BYTES);
  after[8] = 2;
  // a copied memory leaves the old view without bytes
  expect([...before.subarray(7, 9)]).toEqual([1, 2]);
  expect(after[1_000 * PAGE_BYTES]).toBe(0);
});

test("no memory outgrows what its module declares, or what is reserved", () => {
  const memories = new LinearMemories({ reserveBytes: 8 * PAGE_BYTES, maxMemories: 10 });
  const declared = memories.create({ min: 1, max: 3 });
  expect(declared.grow(2)).toBe(1);
  expect(() => declared.grow(1)).toThrow();
  const open = memories.create({ min: 0, max: undefined });
  expect(open.buffer.byteLength).toBe(0);
  expect(open.grow(8)).toBe(0);
  expect(() => open.grow(1)).toThrow();
  const empty = memories.create({ min: 0, max: 0 });
  expect(empty.buffer.byteLength).toBe(0);
  expect(() => empty.grow(1)).toThrow();
  expect(memories.create({ min: 20, max: undefined }).buffer.byteLength).toBe(20 * PAGE_BYTES);
});

test("when there are many, garbage is collected; when there are too many, none is made", async () => {
  let collections = 0;
  const collectGarbage = (): void => void collections++;
  const memories = new LinearMemories({ reserveBytes: GIB, maxMemories: 32, collectGarbage });
  const size = { min: 1, max: 1 };
  let held: WebAssembly.Memory[] | undefined = [];
  for (let i = 0; i < 16; i++) held.push(memories.create(size));
  expect(collections).toBe(0);
  for (let i = 16; i < 32; i++) held.push(memories.create(size));
  // at half of them, then at every sixteenth part
  expect(collections).toBe(8);
  expect(() => memories.create(size)).toThrow(NO_ROOM);
  expect(held).toHaveLength(32);
  held = undefined;
  for (let i = 0; i < 200 && memories.count > 16; i++) {
    Bun.gc(true);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(memories.count).toBeLessThanOrEqual(16);
  expect(memories.create(size).buffer.byteLength).toBe(PAGE_BYTES);
});

test("where address space turns out to be short, memories get less of it, and at last none", () => {
  const asked: number[] = [];
  let pagesLeft = 33_500;
  const memories = new LinearMemories(undefined, (initial, maximum) => {
    asked.push(maximum);
    if (maximum > pagesLeft) return undefined;
    pagesLeft -= maximum;
    return new WebAssembly.Memory({ initial, maximum });
  });
  const size = { min: 2, max: undefined };
  for (let i = 0; i < 2; i++) memories.create(size);
  expect(asked).toEqual([32_768, 32_768, 514]);
  expect(() => memories.create(size)).toThrow(NO_ROOM);
  // a module that says how little it needs may still fit
  expect(memories.create({ min: 2, max: 10 }).buffer.byteLength).toBe(2 * PAGE_BYTES);
});

test("the number of memories follows the mappings and the addresses that the system gives", () => {
  const maps = (stack: string) =>
    `00400000-00452000 r-xp 00000000 08:02 173521 /usr/bin/bun\n${stack} rw-p 00000000 00:00 0  [stack]\n`;
  const system = (stack: string, mappings?: string) =>
    addressSpaceOf((path) => (path === "/proc/self/maps" ? maps(stack) : mappings));
  const large = "7ffcd4a5f000-7ffcd4a80000";
  expect(system(large, "65530\n")).toEqual({ reserveBytes: 2 * GIB, maxMemories: 24_000 });
  expect(system(large, "1048576\n").maxMemories).toBe(24_000);
  expect(system(large, "20000\n").maxMemories).toBe(4_000);
  expect(system(large).maxMemories).toBe(24_000);
  // 39 bits of addresses
  const small = system("7fd4a5f000-7fd4a80000", "65530\n");
  expect(small.maxMemories * small.reserveBytes).toBeLessThan(2 ** 39);
  expect(addressSpaceOf(() => undefined).reserveBytes).toBe(2 * GIB);
});

test("the pages of a memory that is not used any more go back to the system at once", () => {
  const BYTES = 64 * 1024 * 1024;
  const memory = new LinearMemories().create({ min: BYTES / PAGE_BYTES, max: undefined });
  const bytes = new Uint8Array(memory.buffer).fill(1);
  const before = process.memoryUsage.rss();
  discardPages(memory);
  if (process.platform !== "linux") return;
  expect(before - process.memoryUsage.rss()).toBeGreaterThan(BYTES / 2);
  expect([bytes[0], bytes[BYTES - 1]]).toEqual([0, 0]);
  discardPages(new LinearMemories().create({ min: 0, max: undefined }));
});
