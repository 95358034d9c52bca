/**
 * Addresses a program's processes have used, in both forms: the object, and the UTF-8 bytes of its four strings.
 * Lifting an address compares guest bytes with what was lifted last; equal bytes give the same object, so the kernel
 * can compare addresses by identity, and no text is decoded.
 * Layout of an address in memory: (pointer, length) of node, process name, package name, publisher node.
 * @module
 */
import { formatProcessId, processIdParts } from "@kinode-ts/types";
import type { Address, ProcessId } from "@kinode-ts/types";
import type { AddressParts, GuestMemory } from "./canonical-abi/guest-memory.ts";

/** Address and bytes together; treat as immutable. */
export interface KnownAddress {
  readonly address: Address;
  /** UTF-8 of node, process name, package name, publisher node. */
  readonly parts: AddressParts;
}

/** Bytes of each string that count for its hash. */
const HASHED_BYTES = 32;
const MAX_KNOWN = 4_096;
/** Longer addresses are not kept: names are short, and what is kept is the guest's choice. */
const MAX_KEPT_BYTES = 512;
const encoder = new TextEncoder();

export class AddressCache {
  /** By a hash of the bytes; few collide. */
  readonly #byHash = new Map<number, KnownAddress[]>();
  readonly #byAddress = new WeakMap<Address, KnownAddress>();
  #count = 0;

  /**
   * Reads the address at word index `word`.
   * @param last - what this process lifted last; tried first
   */
  lift(memory: GuestMemory, word: number, last: KnownAddress | undefined): KnownAddress {
    memory.view();
    const words = memory.u32;
    if (last !== undefined && isAt(last, memory.u8, words, word)) return last;
    let hash = 0;
    for (let i = 0; i < 4; i++) {
      const pointer = words[word + 2 * i]!;
      const length = words[word + 2 * i + 1]!;
      memory.check(pointer, length);
      hash = hashOf(memory.u8, pointer, length, hash);
    }
    const bucket = this.#byHash.get(hash);
    if (bucket !== undefined) {
      for (const known of bucket) if (isAt(known, memory.u8, words, word)) return known;
    }
    return this.#learn(memory, word, hash, bucket);
  }

  #learn(
    memory: GuestMemory,
    word: number,
    hash: number,
    bucket: KnownAddress[] | undefined,
  ): KnownAddress {
    const words = memory.u32;
    const text = (i: number): string =>
      memory.string(words[word + 2 * i]!, words[word + 2 * i + 1]!);
    const node = text(0);
    const process = formatProcessId({
      processName: text(1),
      packageName: text(2),
      publisherNode: text(3),
    });
    const copy = (i: number): Uint8Array =>
      memory.bytes(words[word + 2 * i]!, words[word + 2 * i + 1]!);
    const known: KnownAddress = {
      address: { node, process },
      parts: [copy(0), copy(1), copy(2), copy(3)],
    };
    this.#byAddress.set(known.address, known);
    if (known.parts.reduce((sum, part) => sum + part.length, 0) > MAX_KEPT_BYTES) return known;
    if (this.#count++ >= MAX_KNOWN) {
      this.#byHash.clear();
      this.#count = 1;
      bucket = undefined;
    }
    if (bucket === undefined) this.#byHash.set(hash, [known]);
    else bucket.push(known);
    return known;
  }

  /** How many addresses are kept. */
  get size(): number {
    return this.#count;
  }

  /** The bytes of an address object; made once per object. */
  encode(address: Address): KnownAddress {
    let known = this.#byAddress.get(address);
    if (known === undefined) {
      known = { address, parts: encodeParts(address.node, address.process) };
      this.#byAddress.set(address, known);
    }
    return known;
  }
}

function encodeParts(node: string, process: ProcessId): AddressParts {
  const { processName, packageName, publisherNode } = processIdParts(process);
  return [
    encoder.encode(node),
    encoder.encode(processName),
    encoder.encode(packageName),
    encoder.encode(publisherNode),
  ];
}

/** Whether the address at `word` has these bytes. Reads beyond memory give `undefined` and so differ. */
function isAt(known: KnownAddress, bytes: Uint8Array, words: Uint32Array, word: number): boolean {
  const { parts } = known;
  for (let i = 0; i < 4; i++) {
    const part = parts[i]!;
    const length = part.length;
    if (words[word + 2 * i + 1]! !== length) return false;
    const pointer = words[word + 2 * i]!;
    for (let j = 0; j < length; j++) if (bytes[pointer + j] !== part[j]) return false;
  }
  return true;
}

/** FNV-1a over the bytes and the length. */
function hashOf(bytes: Uint8Array, pointer: number, length: number, seed: number): number {
  let hash = (seed ^ 0x811c9dc5) + length;
  const end = pointer + Math.min(length, HASHED_BYTES);
  for (let at = pointer; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash >>> 0;
}
