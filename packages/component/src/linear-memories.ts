/**
 * Makes the linear memories of guests: each lies in address space of its own that is reserved at once, so that it grows in
 * place. A memory that is not "shared" would be copied whole by each `memory.grow`, on the node's thread.
 * Source: docs/decisions/0011-reserved-memories.md; figures in docs/concepts/metering.md.
 * @module
 */
import { ProcessFault } from "@kinode-ts/types";
import type { Limits } from "./core-module/core-module.ts";

const PAGE_BYTES = 65_536;
const MAX_PAGES = 65_536;
/** What a memory may grow by once address space has turned out to be short. */
const SMALL_RESERVE_BYTES = 32 * 1024 * 1024;

/** What the program's address space has room for. */
export interface AddressSpace {
  /** Bytes reserved for one memory, which it cannot outgrow. They cost nothing until they are used. */
  readonly reserveBytes: number;
  /**
   * Memories at a time, those of ended processes included until the engine collects them: each takes two mappings of the
   * system, and the engine gives up when it gets none.
   */
  readonly maxMemories: number;
  /** Makes the engine collect what nobody uses. Without it one waits until it does so by itself. */
  readonly collectGarbage?: () => void;
  /** Gives the pages of a memory that nobody uses any more back to the system; it reads as zeros then. */
  readonly discard?: (memory: WebAssembly.Memory) => void;
}

/**
 * Fits every 64-bit Linux with default settings: 128 TiB of addresses, 65,530 mappings. Freeing a reservation of 2 GiB is
 * cheaper than that of a smaller one, which the engine's allocator takes apart.
 */
export const USUAL_ADDRESS_SPACE: AddressSpace = { reserveBytes: 2 ** 31, maxMemories: 24_000 };

const NO_ROOM = "the node has no address space left for another memory";

/** One for the whole program, as the address space is one. */
export class LinearMemories {
  readonly #space: AddressSpace;
  readonly #make: (initial: number, maximum: number) => WebAssembly.Memory | undefined;
  #reserveBytes: number;
  #count = 0;
  /** At which count garbage is collected next. */
  #collectAt: number;
  readonly #collected = new FinalizationRegistry<undefined>(() => {
    this.#count--;
    this.#collectAt = Math.max(this.#firstCollection, this.#count + this.#step);
  });

  /** @param make - for tests */
  constructor(space: AddressSpace = USUAL_ADDRESS_SPACE, make = reserve) {
    this.#space = space;
    this.#make = make;
    this.#reserveBytes = space.reserveBytes;
    this.#collectAt = this.#firstCollection;
  }

  /** Memories that exist, as far as the engine has told. */
  get count(): number {
    return this.#count;
  }

  get #firstCollection(): number {
    return Math.floor(this.#space.maxMemories / 2);
  }

  get #step(): number {
    return Math.max(1, this.#space.maxMemories >>> 4);
  }

  /**
   * The process of this memory has ended: its pages are free at once. The engine takes its time, since it does not see them
   * grow: of processes that crash and start again hundreds of megabytes would wait for it.
   */
  discard(memory: WebAssembly.Memory): void {
    this.#space.discard?.(memory);
  }

  /**
   * @param size - as the module declares it, in pages
   * @throws {ProcessFault} there is no room
   */
  create({ min, max = MAX_PAGES }: Limits): WebAssembly.Memory {
    if (this.#count >= this.#collectAt) {
      this.#collectAt = this.#count + this.#step;
      this.#space.collectGarbage?.();
    }
    if (this.#count >= this.#space.maxMemories) throw new ProcessFault(NO_ROOM);
    let memory = this.#make(min, Math.min(max, pagesOf(this.#reserveBytes)));
    if (memory === undefined) {
      // from now on all get less, so that others start at all
      this.#reserveBytes = Math.min(this.#reserveBytes, SMALL_RESERVE_BYTES);
      memory = this.#make(min, Math.min(max, min + pagesOf(SMALL_RESERVE_BYTES)));
    }
    if (memory === undefined) throw new ProcessFault(NO_ROOM);
    this.#count++;
    this.#collected.register(memory, undefined);
    return memory;
  }
}

const pagesOf = (bytes: number): number => Math.min(MAX_PAGES, Math.ceil(bytes / PAGE_BYTES));

/** `undefined` when the system does not give that much. */
function reserve(initial: number, maximum: number): WebAssembly.Memory | undefined {
  try {
    return new WebAssembly.Memory({ initial, maximum: Math.max(initial, maximum), shared: true });
  } catch {
    return undefined;
  }
}
