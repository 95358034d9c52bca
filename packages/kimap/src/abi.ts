/**
 * The few shapes of contract data that the registry uses: words, byte texts, and lists of calls.
 * Reading is bounded by what there is and never throws: whoever wrote to the chain is a stranger.
 * @module
 */
import { fromHex, type Hex, readHexOf, toHex } from "./hex.ts";

const WORD = 32;

/** A number or the bytes of a fixed size (a hash, an address), as one word of a call. */
export function word(value: number | Hex): Uint8Array {
  const bytes = new Uint8Array(WORD);
  if (typeof value === "number") {
    new DataView(bytes.buffer).setBigUint64(24, BigInt(value));
    return bytes;
  }
  const raw = fromHex(value);
  // Addresses stand at the end of their word, hashes fill it.
  bytes.set(raw, WORD - raw.length);
  return bytes;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Length and bytes, filled up to whole words. */
function byteText(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil(bytes.length / WORD) * WORD);
  padded.set(bytes);
  return concat(word(bytes.length), padded);
}

/** An argument: a word in place, or bytes that follow after all words. */
export type Argument = Uint8Array | { readonly dynamic: Uint8Array };

/** Arguments one after the other, those of any length behind. */
export function encodeArguments(values: readonly Argument[]): Uint8Array {
  const heads: Uint8Array[] = [];
  const tails: Uint8Array[] = [];
  let offset = values.length * WORD;
  for (const value of values) {
    if (value instanceof Uint8Array) {
      heads.push(value);
      continue;
    }
    heads.push(word(offset));
    tails.push(value.dynamic);
    offset += value.dynamic.length;
  }
  return concat(...heads, ...tails);
}

/** Bytes of any length as an argument. */
export const bytesArgument = (bytes: Uint8Array): Argument => ({ dynamic: byteText(bytes) });

/** A list of `(address, bytes)`. */
export function callsArgument(
  calls: readonly { readonly target: Hex; readonly data: Uint8Array }[],
): Argument {
  const items = calls.map(({ target, data }) => ({
    dynamic: encodeArguments([word(target), bytesArgument(data)]),
  }));
  return { dynamic: concat(word(items.length), encodeArguments(items)) };
}

/** A call: four bytes that name the function, and its arguments. */
export function encodeCall(selector: Hex, values: readonly Argument[]): Uint8Array {
  return concat(fromHex(selector), encodeArguments(values));
}

/** A word that is a length or an offset, at most the size of the data. */
function readSize(data: Uint8Array, at: number): number | undefined {
  if (at + WORD > data.length) return undefined;
  let size = 0;
  for (let i = at; i < at + WORD; i++) {
    size = size * 256 + data[i]!;
    if (size > data.length) return undefined;
  }
  return size;
}

/** The bytes whose offset is in the word at `index`, as a view. */
export function readBytes(data: Uint8Array, index: number): Uint8Array | undefined {
  const at = readSize(data, index * WORD);
  if (at === undefined) return undefined;
  const length = readSize(data, at);
  if (length === undefined || at + WORD + length > data.length) return undefined;
  return data.subarray(at + WORD, at + WORD + length);
}

/** The address in the word at `index`. */
export function readAddress(data: Uint8Array, index: number): Hex | undefined {
  const bytes = data.subarray(index * WORD, (index + 1) * WORD);
  if (bytes.length < WORD || bytes.subarray(0, 12).some((byte) => byte !== 0)) return undefined;
  return toHex(bytes.subarray(12));
}

/** The item at `index` of the list of byte texts whose offset is in the word at `argument`. */
export function readBytesList(data: Uint8Array, argument: number): Uint8Array[] | undefined {
  const at = readSize(data, argument * WORD);
  const count = at === undefined ? undefined : readSize(data, at);
  if (at === undefined || count === undefined) return undefined;
  const list = data.subarray(at + WORD);
  if (count * WORD > list.length) return undefined;
  const items: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const item = readBytes(list, i);
    if (item === undefined) return undefined;
    items.push(item);
  }
  return items;
}

/** A hash as one of the four places of a log that can be searched for. */
export const readTopic = (value: unknown): Hex | undefined => readHexOf(value, WORD);
