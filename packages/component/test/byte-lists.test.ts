/** Memory of byte lists: what is asked of a guest's allocator, and what is used again. */
import { describe, expect, test } from "bun:test";
import { GuestMemory } from "../src/canonical-abi/guest-memory.ts";
import { HandleTable } from "../src/canonical-abi/handle-table.ts";
import { SpentBuffers } from "../src/canonical-abi/spent-buffers.ts";
import { buildMark, leavesByteLists } from "../src/build-mark.ts";

const HEADER = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];

function customSection(name: string, content: string): number[] {
  const encode = (text: string): number[] => [...new TextEncoder().encode(text)];
  const payload = [name.length, ...encode(name), ...encode(content)];
  return [0, payload.length, ...payload];
}

/** A memory whose allocator gives 1,000, 2,000 … and notes the sizes it is asked for. */
function memoryOf(isOfComponent: boolean): { memory: GuestMemory; asked: number[] } {
  const asked: number[] = [];
  const handles = isOfComponent ? new HandleTable(16, 0) : undefined;
  const memory = new GuestMemory(undefined, handles);
  const realloc = (_old: number, _oldSize: number, _align: number, size: number): number =>
    asked.push(size) * 1_000;
  memory.bind(new WebAssembly.Memory({ initial: 1 }), realloc, undefined);
  return { memory, asked };
}

describe("GuestMemory", () => {
  test("asks the allocator for 0 bytes too where a guest may free them", () => {
    const { memory, asked } = memoryOf(true);
    expect(memory.putBytes(new Uint8Array(0))).toEqual([1_000, 0]);
    expect(asked).toEqual([0]);
  });

  test("asks for nothing on the fast path when there is nothing to write", () => {
    const { memory, asked } = memoryOf(false);
    expect(memory.putBytes(new Uint8Array(0))).toEqual([1, 0]);
    expect(asked).toEqual([]);
  });

  test("puts results where a byte list was that the guest leaves behind", () => {
    const { memory, asked } = memoryOf(true);
    memory.spent = new SpentBuffers();
    memory.view().fill(7, 5_000, 5_010);
    expect(memory.byteList(5_000, 10)).toEqual(new Uint8Array(10).fill(7));
    expect(memory.putBytes(new Uint8Array(11))).toEqual([1_000, 11]);
    expect(memory.putBytes(new Uint8Array(10))).toEqual([5_000, 10]);
    expect(memory.putBytes(new Uint8Array(10))).toEqual([2_000, 10]);
    expect(asked).toEqual([11, 10]);
  });

  test("never uses the memory of strings again", () => {
    const { memory } = memoryOf(true);
    memory.spent = new SpentBuffers();
    memory.string(5_000, 10);
    expect(memory.putBytes(new Uint8Array(10))).toEqual([1_000, 10]);
  });
});

test("SpentBuffers gives each buffer once, the newest that is large enough first", () => {
  const spent = new SpentBuffers();
  spent.add(100, 8);
  spent.add(200, 4);
  spent.add(300, 0);
  expect(spent.take(5)).toBe(100);
  expect(spent.take(5)).toBeUndefined();
  expect(spent.take(4)).toBe(200);
  expect(spent.take(0)).toBeUndefined();
});

describe("buildMark()", () => {
  test("reads the section that a build appended, and no other", () => {
    const other = customSection("name", "kinode:build");
    const mark = customSection("kinode:build", "componentize-py==0.25.1");
    expect(buildMark(Uint8Array.from([...HEADER, ...other, ...mark]))).toBe(
      "componentize-py==0.25.1",
    );
    expect(buildMark(Uint8Array.from([...HEADER, ...other]))).toBe("");
  });

  test("trusts only versions that were tried", () => {
    const marked = (content: string) =>
      leavesByteLists(Uint8Array.from([...HEADER, ...customSection("kinode:build", content)]));
    expect(marked("componentize-py==0.25.1")).toBe(true);
    expect(marked("componentize-py==0.26.0")).toBe(false);
  });
});
