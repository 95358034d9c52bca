/**
 * A guest memory without a guest, and just enough of a fiber to call lowerings on it.
 * @module
 */
import type { ProcessHost } from "@kinode-ts/types";
import { AddressCache } from "../src/address-cache.ts";
import { BlobPool } from "../src/blob-pool.ts";
import { GuestMemory } from "../src/canonical-abi/guest-memory.ts";
import { LinearMemories } from "../src/linear-memories.ts";
import type { FiberPort } from "../src/fiber-port.ts";

const PAGE_BYTES = 65_536;

/** Memory whose allocator grows it now and then, so that views end too early as with a real guest. */
export function createMemory(
  pages = 1,
  reserved = 8_192,
): { memory: GuestMemory; allocatedBytes: () => number } {
  const core = new LinearMemories().create({ min: pages, max: undefined });
  let next = reserved;
  const realloc = (_old: number, _oldSize: number, align: number, size: number): number => {
    const pointer = (next + align - 1) & -align;
    next = pointer + size;
    const missing = next - core.buffer.byteLength;
    if (missing > 0) core.grow(Math.ceil(missing / PAGE_BYTES) + 1);
    return pointer;
  };
  const memory = new GuestMemory();
  const put = (at: number, length: number): void => {
    const pointer = length === 0 ? 1 : realloc(0, 0, 1, length);
    const view = new DataView(core.buffer);
    view.setUint32(at, pointer, true);
    view.setUint32(at + 4, length, true);
  };
  memory.bind(core, realloc, (at, a, b, c, d, bodyAt, bodyLength) => {
    [a, b, c, d].forEach((length, i) => put(at + 8 * i, length));
    put(bodyAt, bodyLength);
  });
  return { memory, allocatedBytes: () => next - reserved };
}

/** A fiber that rethrows faults instead of keeping them. */
export function fakeFiber(host: Partial<ProcessHost>, blobs = new BlobPool()): FiberPort {
  const fiber = {
    host,
    memory: createMemory().memory,
    addresses: new AddressCache(),
    environment: { blobs },
    over: false,
    spend: () => undefined,
    waitFor: () => 1,
    waitForDelivery: () => 1,
    settled: (value: unknown) => value,
    fault(thrown: unknown): never {
      throw thrown;
    },
    throwFault(): never {
      throw new Error("over");
    },
  };
  return fiber as unknown as FiberPort;
}
