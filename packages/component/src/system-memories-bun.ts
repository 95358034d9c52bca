/**
 * The address space of this machine's programs, read from what Linux tells.
 * @module
 */
import { dlopen, type Pointer, ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import { type AddressSpace, LinearMemories, USUAL_ADDRESS_SPACE } from "./linear-memories.ts";

/** Mappings for everything else: stacks, libraries, the engine's heaps. */
const OTHER_MAPPINGS = 12_000;
const MAPPINGS_PER_MEMORY = 2;
/** Where addresses end at 512 GiB, as with some kernels for small ARM machines: 1,500 memories take three quarters. */
const SMALL_RESERVE_BYTES = 2 ** 28;
const SMALL_MAX_MEMORIES = 1_500;
const SMALL_END = 2 ** 40;

/** @param read - the text of a file; `undefined` when it is not there, as on other systems */
export function addressSpaceOf(read: (path: string) => string | undefined): AddressSpace {
  const maps = read("/proc/self/maps") ?? "";
  // the stack of the program lies at the end of its addresses
  const end = Number.parseInt(/^([0-9a-f]+)-[0-9a-f]+ .*\[stack\]$/m.exec(maps)?.[1] ?? "", 16);
  if (end < SMALL_END) {
    return { reserveBytes: SMALL_RESERVE_BYTES, maxMemories: SMALL_MAX_MEMORIES };
  }
  const mappings = Number.parseInt(read("/proc/sys/vm/max_map_count") ?? "", 10);
  if (Number.isNaN(mappings)) return USUAL_ADDRESS_SPACE;
  const left = Math.floor((mappings - OTHER_MAPPINGS) / MAPPINGS_PER_MEMORY);
  const maxMemories = Math.max(1, Math.min(left, USUAL_ADDRESS_SPACE.maxMemories));
  return { ...USUAL_ADDRESS_SPACE, maxMemories };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** `MADV_DONTNEED` of Linux: of private memory without a file, pages are given back and read as zeros from then on. */
const DONT_NEED = 4;
const LIBRARIES = ["libc.so.6", "libc.so"];

type Advise = (address: Pointer, byteLength: number, advice: number) => number;

/** `undefined` where the system has no such call, or means something else by it. */
function findAdvise(): Advise | undefined {
  if (process.platform !== "linux") return undefined;
  for (const library of LIBRARIES) {
    try {
      return dlopen(library, {
        madvise: { args: ["ptr", "u64", "int"], returns: "int" },
      }).symbols.madvise as Advise;
    } catch {
      // The other library has another name.
    }
  }
  return undefined;
}

let advise: { readonly call: Advise | undefined } | undefined;

/** Gives the pages of a memory back to the system, where that is known to work. */
export function discardPages({ buffer }: WebAssembly.Memory): void {
  if (buffer.byteLength === 0) return;
  advise ??= { call: findAdvise() };
  // A failure costs nothing but the pages: they are freed with the memory.
  advise.call?.(ptr(new Uint8Array(buffer)), buffer.byteLength, DONT_NEED);
}

let memories: LinearMemories | undefined;

/** The memories of this program: one for all executors, since they share its address space. */
export function systemMemories(): LinearMemories {
  return (memories ??= new LinearMemories({
    ...addressSpaceOf(readText),
    collectGarbage: () => {
      Bun.gc(true);
    },
    discard: discardPages,
  }));
}
