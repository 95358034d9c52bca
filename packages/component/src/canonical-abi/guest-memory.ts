/**
 * The linear memory of one process, seen with every check the canonical ABI asks for.
 * A memory that grows stays where it is, and a view made before ends where the memory did: what `check` lets pass lies in
 * the fields as they are after it, so use them again after anything that may run guest code (`allocate`).
 * @module
 */
import { CALLBACK_FUEL } from "../core-module/metering.ts";
import type { ComponentLimits } from "../limits.ts";
import { DEFAULT_COMPONENT_LIMITS } from "../limits.ts";
import { GuestTrap } from "./guest-trap.ts";
import { HandleTable } from "./handle-table.ts";
import type { SpentBuffers } from "./spent-buffers.ts";

export { GuestTrap };

/** `cabi_realloc(oldPointer, oldSize, align, newSize)`; must run with its fuel set to the maximum. */
export type Realloc = (
  oldPointer: number,
  oldSize: number,
  align: number,
  newSize: number,
) => number;

/** Allocates the four strings of an address at `at` and a body, and stores pointers and lengths. */
export type AllocateMessage = (
  at: number,
  length0: number,
  length1: number,
  length2: number,
  length3: number,
  bodyAt: number,
  bodyLength: number,
) => void;

/** UTF-8 of the four strings of an address. */
export type AddressParts = readonly [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

const NO_MEMORY = new Uint8Array(0);
const NO_WORDS = new Uint32Array(0);
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
/** Up to here a loop over ASCII bytes is quicker than a call of the decoder. */
const SHORT_TEXT_BYTES = 24;
/** Up to here a loop copies faster than the engine's own functions. */
const SMALL_COPY_BYTES = 32;
/** From here on a fresh array and `set` are quicker than `slice`. */
const LARGE_COPY_BYTES = 16_384;

/** Tells how much fuel a guest has left. */
export interface FuelGauge {
  readonly fuel: number;
}

/** Allocations between two looks at the fuel they have used, less 1; a power of two less 1. */
const LOOK_MASK = 7;

export class GuestMemory {
  /** At least all that was checked, or nothing yet. Read through `view()` unless nothing ran in between. */
  u8: Uint8Array = NO_MEMORY;
  /** The same as aligned 32-bit words. */
  u32: Uint32Array = NO_WORDS;
  #memory: WebAssembly.Memory | undefined;
  #realloc: Realloc | undefined;
  #allocateMessage: AllocateMessage | undefined;
  #dataView: DataView | undefined;
  readonly #limits: ComponentLimits;
  #liftedBytes = 0;
  #liftedElements = 0;
  #handles: HandleTable | undefined;
  #fuel: FuelGauge | undefined;
  #allocations = 0;
  /** Whether `cabi_realloc` is asked for 0 bytes too: a guest may free what it was given, whatever its length. */
  readonly #asksForNothing: boolean;
  /** For guests that never free the byte lists they pass out. */
  spent: SpentBuffers | undefined;

  /** @param handles - of the component instance; its own, made when needed, if not given */
  constructor(limits: ComponentLimits = DEFAULT_COMPONENT_LIMITS, handles?: HandleTable) {
    this.#limits = limits;
    this.#handles = handles;
    this.#asksForNothing = handles !== undefined;
  }

  /** The handles that belong to this memory's component instance. */
  get handles(): HandleTable {
    return (this.#handles ??= new HandleTable(this.#limits.maxHandles));
  }

  /** The same, if there ever were any. */
  get usedHandles(): HandleTable | undefined {
    return this.#handles;
  }

  /** Called once, when the instance exists. */
  bind(
    memory: WebAssembly.Memory | undefined,
    realloc: Realloc | undefined,
    allocateMessage: AllocateMessage | undefined,
    fuel?: FuelGauge,
  ): void {
    this.#memory = memory;
    this.#realloc = realloc;
    this.#allocateMessage = allocateMessage;
    this.#fuel = fuel;
  }

  /** Lets go of the instance when its process has ended. */
  release(): void {
    this.#memory = undefined;
    this.#realloc = undefined;
    this.#allocateMessage = undefined;
    this.#fuel = undefined;
    this.#dataView = undefined;
    this.u8 = NO_MEMORY;
    this.u32 = NO_WORDS;
  }

  get byteLength(): number {
    return this.#memory === undefined ? 0 : this.#memory.buffer.byteLength;
  }

  /** Bytes that were checked, and perhaps more. A memory of a caller that is copied when it grows leaves length 0. */
  view(): Uint8Array {
    return this.u8.length === 0 ? this.refresh() : this.u8;
  }

  refresh(): Uint8Array {
    const memory = this.#memory;
    if (memory === undefined) throw new GuestTrap("The process has no memory to pass values in");
    const buffer = memory.buffer;
    this.u8 = new Uint8Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.#dataView = undefined;
    return this.u8;
  }

  dataView(): DataView {
    const bytes = this.view();
    let dataView = this.#dataView;
    if (dataView === undefined) this.#dataView = dataView = new DataView(bytes.buffer);
    return dataView;
  }

  /** Starts the budget of a new call. */
  beginCall(): void {
    this.#liftedBytes = 0;
    this.#liftedElements = 0;
    this.#handles?.endLending();
  }

  /** Checks that `length` bytes at `pointer` exist. Both are unsigned. */
  check(pointer: number, length: number): void {
    if (pointer + length > this.u8.length) this.#checkBoundsSlowly(pointer, length);
  }

  #checkBoundsSlowly(pointer: number, length: number): void {
    if (pointer + length > this.refresh().length) {
      throw new GuestTrap(
        `The process passed ${length} bytes at address ${pointer}, outside its memory of ${this.byteLength} bytes`,
      );
    }
  }

  /** Checks bounds and alignment of a value in memory, and makes fresh views if needed. */
  checkAligned(pointer: number, length: number, alignBytes: number): void {
    // behind the end of a view that memory has outgrown, the slow way looks again
    if ((pointer & (alignBytes - 1)) === 0 && pointer + length <= this.u8.length) return;
    this.#checkSlowly(pointer, length, alignBytes);
  }

  #checkSlowly(pointer: number, length: number, alignBytes: number): void {
    if ((pointer & (alignBytes - 1)) !== 0) {
      throw new GuestTrap(
        `The process passed address ${pointer}, which is not aligned to ${alignBytes} bytes`,
      );
    }
    this.check(pointer, length);
  }

  /** Copies bytes out. */
  bytes(pointer: number, length: number): Uint8Array {
    this.check(pointer, length);
    this.#charge(length);
    const source = this.u8;
    if (length > SMALL_COPY_BYTES && length < LARGE_COPY_BYTES) {
      return source.slice(pointer, pointer + length);
    }
    const copy = new Uint8Array(length);
    if (length >= LARGE_COPY_BYTES) {
      copy.set(source.subarray(pointer, pointer + length));
      return copy;
    }
    for (let i = 0; i < length; i++) copy[i] = source[pointer + i]!;
    return copy;
  }

  /** Copies a `list<u8>` out. */
  byteList(pointer: number, length: number): Uint8Array {
    const copy = this.bytes(pointer, length);
    this.spent?.add(pointer, length);
    return copy;
  }

  /** Copies a `list<u8>` out into what `make` returns for exactly that many bytes; it is called when they exist. */
  bytesInto(
    pointer: number,
    length: number,
    make: { take(length: number): Uint8Array },
  ): Uint8Array {
    this.check(pointer, length);
    this.#charge(length);
    const copy = make.take(length);
    copy.set(this.u8.subarray(pointer, pointer + length));
    this.spent?.add(pointer, length);
    return copy;
  }

  /** Whether this text lies there; false as well when it is long or not ASCII. Spares decoding it once more. */
  isText(text: string, pointer: number, length: number): boolean {
    this.check(pointer, length);
    if (length !== text.length || length > SHORT_TEXT_BYTES) return false;
    const { u8 } = this;
    for (let i = 0; i < length; i++) {
      const byte = u8[pointer + i]!;
      if (byte >= 0x80 || byte !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Decodes strictly: bytes that are not UTF-8 trap the process. */
  string(pointer: number, length: number): string {
    this.check(pointer, length);
    if (length === 0) return "";
    if (length > this.#limits.maxStringBytes) {
      throw new GuestTrap(
        `The process passed a string of ${length} bytes, above the limit of ${this.#limits.maxStringBytes}`,
      );
    }
    this.#charge(length);
    return decodeText(this.u8, pointer, length);
  }

  /** Charges list elements about to be lifted. */
  chargeElements(count: number): void {
    this.#liftedElements += count;
    if (this.#liftedElements > this.#limits.maxLiftedElements) {
      throw new GuestTrap(
        `The process passed lists of more than ${this.#limits.maxLiftedElements} elements in one call`,
      );
    }
  }

  #charge(length: number): void {
    this.#liftedBytes += length;
    if (this.#liftedBytes > this.#limits.maxLiftedBytes) {
      throw new GuestTrap(
        `The process passed more than ${this.#limits.maxLiftedBytes} bytes in one call`,
      );
    }
  }

  /**
   * Asks the guest for memory; the result is checked. The fast way asks nothing for 0 bytes: the pointer is the
   * alignment.
   */
  allocate(alignBytes: number, sizeBytes: number): number {
    if (sizeBytes === 0 && !this.#asksForNothing) return alignBytes;
    if (alignBytes === 1 && this.spent !== undefined) {
      const pointer = this.spent.take(sizeBytes);
      if (pointer !== undefined) return pointer;
    }
    const realloc = this.#realloc;
    if (realloc === undefined) this.#noRealloc();
    const pointer = realloc(0, 0, alignBytes, sizeBytes) >>> 0;
    if ((++this.#allocations & LOOK_MASK) === 0) this.#checkFuel();
    this.checkAligned(pointer, sizeBytes, alignBytes);
    return pointer;
  }

  /** Copies bytes into fresh guest memory; returns pointer and length. */
  putBytes(bytes: Uint8Array, alignBytes = 1): readonly [pointer: number, length: number] {
    const pointer = this.allocate(alignBytes, bytes.length);
    this.view().set(bytes, pointer);
    return [pointer, bytes.length];
  }

  /** The same for text. */
  putString(text: string): readonly [pointer: number, length: number] {
    return this.putBytes(encoder.encode(text));
  }

  /** Copies bytes into fresh guest memory and stores pointer and length at `at`. */
  storeBytes(bytes: Uint8Array, at: number): void {
    const length = bytes.length;
    const pointer = this.allocate(1, length);
    const u8 = this.view();
    if (length > SMALL_COPY_BYTES) u8.set(bytes, pointer);
    else for (let i = 0; i < length; i++) u8[pointer + i] = bytes[i]!;
    this.u32[at >> 2] = pointer;
    this.u32[(at >> 2) + 1] = length;
  }

  /** Copies an address and a body into fresh guest memory; pointers and lengths go to `at` and `bodyAt`. */
  storeMessage(parts: AddressParts, at: number, body: Uint8Array, bodyAt: number): void {
    const allocate = this.#allocateMessage;
    if (allocate === undefined) {
      parts.forEach((part, i) => this.storeBytes(part, at + 8 * i));
      this.storeBytes(body, bodyAt);
      return;
    }
    allocate(
      at,
      parts[0].length,
      parts[1].length,
      parts[2].length,
      parts[3].length,
      bodyAt,
      body.length,
    );
    this.view();
    for (let i = 0; i < 4; i++) this.#fill(parts[i]!, at + 8 * i);
    this.#fill(body, bodyAt);
  }

  /** Copies bytes to the pointer stored at `at`, which the guest chose. */
  #fill(bytes: Uint8Array, at: number): void {
    const pointer = this.u32[at >> 2]!;
    const length = bytes.length;
    this.check(pointer, length);
    const u8 = this.u8;
    if (length > SMALL_COPY_BYTES) u8.set(bytes, pointer);
    else for (let i = 0; i < length; i++) u8[pointer + i] = bytes[i]!;
  }

  /** Each allocation has its own fuel; all those of one large value together are bounded here. */
  #checkFuel(): void {
    if (this.#fuel !== undefined && this.#fuel.fuel < -CALLBACK_FUEL)
      throw new GuestTrap("its allocator took too long");
  }

  #noRealloc(): never {
    throw new GuestTrap("The process exports no cabi_realloc to receive values with");
  }

  /** Encodes text into fresh guest memory and stores pointer and length at `at`. */
  storeString(text: string, at: number): void {
    this.storeBytes(encoder.encode(text), at);
  }
}

/** Decodes UTF-8 that lies in bounds. @throws {GuestTrap} invalid UTF-8 */
export function decodeText(bytes: Uint8Array, pointer: number, length: number): string {
  const end = pointer + length;
  if (length <= SHORT_TEXT_BYTES) {
    let text = "";
    let at = pointer;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
      at++;
    }
    if (at === end) return text;
  }
  try {
    return strictDecoder.decode(bytes.subarray(pointer, end));
  } catch {
    throw new GuestTrap(
      `The process passed a string that is not UTF-8, ${length} bytes at ${pointer}`,
    );
  }
}
