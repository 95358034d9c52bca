/**
 * The globals of a script beyond the language itself, evaluated once when the engine is built; the larger ones are
 * only announced here and made when they are first used (web/part-list.ts).
 * @module
 */
import { createGuestConsole } from "../src/guest-console.ts";
import type { Natives } from "./web/natives.ts";
import { ENGINE_PARTS, partNumber } from "./web/part-list.ts";

declare const engineNatives: Natives;
declare const kinode: { printToTerminal(verbosity: number, text: string): void };

const { utf8Encode, utf8Decode, randomFill, monotonicMs, defineLazy, load } = engineNatives;
const { printToTerminal } = kinode;

class TextEncoder {
  get encoding(): string {
    return "utf-8";
  }
  encode(text: unknown = ""): Uint8Array {
    return utf8Encode(typeof text === "string" ? text : String(text));
  }
  encodeInto(text: unknown, target: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    for (const character of String(text)) {
      const bytes = utf8Encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

function viewBytes(source: unknown): Uint8Array {
  if (source instanceof Uint8Array) return source;
  if (ArrayBuffer.isView(source)) {
    return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  }
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  throw new TypeError("TextDecoder: the argument must be an ArrayBuffer or a view of one");
}

/** How many bytes at the end begin a character that more bytes could complete. */
function unfinishedLength(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

const UTF8_LABELS = [
  "utf-8",
  "utf8",
  "unicode-1-1-utf-8",
  "unicode11utf8",
  "unicode20utf8",
  "x-unicode20utf8",
];

class TextDecoder {
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  #kept: Uint8Array | undefined;
  #started = false;

  constructor(label: unknown = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    if (!UTF8_LABELS.includes(String(label).trim().toLowerCase())) {
      throw new RangeError(`TextDecoder: the encoding "${label}" is not known, only "utf-8" is`);
    }
    this.fatal = Boolean(options?.fatal);
    this.ignoreBOM = Boolean(options?.ignoreBOM);
  }

  get encoding(): string {
    return "utf-8";
  }

  decode(source?: unknown, options?: { stream?: boolean }): string {
    let bytes = source === undefined ? new Uint8Array() : viewBytes(source);
    if (this.#kept !== undefined) {
      const joined = new Uint8Array(this.#kept.length + bytes.length);
      joined.set(this.#kept);
      joined.set(bytes, this.#kept.length);
      bytes = joined;
      this.#kept = undefined;
    }
    const stream = options?.stream === true;
    if (stream) {
      const end = bytes.length - unfinishedLength(bytes);
      if (end < bytes.length) this.#kept = bytes.slice(end);
      bytes = bytes.subarray(0, end);
    }
    const text = utf8Decode(bytes, this.fatal);
    if (text === undefined) {
      this.#started = false;
      throw new TypeError("TextDecoder: the bytes are not valid UTF-8");
    }
    const atStart = !this.#started;
    this.#started = stream && (this.#started || text !== "");
    return atStart && !this.ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

const INTEGER_ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
];

const crypto = {
  getRandomValues<T extends Uint8Array>(array: T): T {
    if (!INTEGER_ARRAYS.some((kind) => (array as unknown) instanceof kind)) {
      throw new TypeError("crypto.getRandomValues: the argument must be an integer typed array");
    }
    if (array.byteLength > 65_536) {
      throw new RangeError(
        `crypto.getRandomValues: ${array.byteLength} bytes are more than the 65536 allowed`,
      );
    }
    randomFill(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  },
  randomUUID(): string {
    const bytes = new Uint8Array(16);
    randomFill(bytes);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = bytes.toHex();
    const parts = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20)];
    return `${parts.join("-")}-${hex.slice(20)}`;
  },
};

function define(globals: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
  }
}

define({
  TextEncoder,
  TextDecoder,
  crypto,
  console: createGuestConsole({
    print: (verbosity, text) => printToTerminal(verbosity, text),
    inspect: (value) =>
      (load(partNumber("inspect")) as { inspect(value: unknown): string }).inspect(value),
    nowMs: monotonicMs,
  }),
  performance: { now: () => monotonicMs() },
});
for (const [number, { globals }] of ENGINE_PARTS.entries()) {
  for (const name of globals) defineLazy(number, name);
}
