/**
 * Frames between the server and side-car programs: MessagePack of one externally tagged map,
 * `{"WebSocketExtPushData":{"id":1,"kinode_message_type":"Response","blob":[1,2]}}`.
 * Source: spec/runtime-modules.md §6.9.
 * @module
 */
import { toU64, type U64 } from "@kinode-ts/types";
import type { ReplyType } from "./actions.ts";

export interface ExtensionFrame {
  readonly id: U64;
  readonly type: ReplyType;
  readonly blob: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

export function encodeExtensionFrame(frame: ExtensionFrame): Uint8Array {
  const out: number[] = [0x81];
  pushText(out, "WebSocketExtPushData");
  out.push(0x83);
  pushText(out, "id");
  out.push(0xcf);
  for (let shift = 56n; shift >= 0n; shift -= 8n) {
    out.push(Number((BigInt(frame.id) >> shift) & 0xffn));
  }
  pushText(out, "kinode_message_type");
  pushText(out, frame.type);
  pushText(out, "blob");
  return joinBlob(out, frame.blob);
}

/** @returns `undefined` when the bytes are not such a map */
export function decodeExtensionFrame(bytes: Uint8Array): ExtensionFrame | undefined {
  try {
    return new Reader(bytes).frame();
  } catch {
    return undefined;
  }
}

function pushText(out: number[], text: string): void {
  const bytes = encoder.encode(text);
  if (bytes.length < 32) out.push(0xa0 | bytes.length);
  else out.push(0xd9, bytes.length);
  out.push(...bytes);
}

/** The blob as an array of integers, as existing programs read it. */
function joinBlob(head: readonly number[], blob: Uint8Array): Uint8Array {
  const wide = blob.reduce((count, byte) => count + (byte > 0x7f ? 1 : 0), 0);
  const out = new Uint8Array(head.length + 5 + blob.length + wide);
  out.set(head);
  let at = head.length;
  out[at++] = 0xdd;
  new DataView(out.buffer).setUint32(at, blob.length);
  at += 4;
  for (const byte of blob) {
    if (byte > 0x7f) out[at++] = 0xcc;
    out[at++] = byte;
  }
  return out;
}

/** Reads only what the map needs; everything else throws. */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  frame(): ExtensionFrame {
    if (this.#mapLength() !== 1 || this.#text() !== "WebSocketExtPushData") throw malformed();
    const found: { id?: U64; type?: ReplyType; blob?: Uint8Array } = {};
    for (let left = this.#mapLength(); left > 0; left--) this.#field(found);
    if (this.#at !== this.#bytes.length) throw malformed();
    const { id, type, blob } = found;
    if (id === undefined || type === undefined || blob === undefined) throw malformed();
    return { id, type, blob };
  }

  #field(found: { id?: U64; type?: ReplyType; blob?: Uint8Array }): void {
    switch (this.#text()) {
      case "id":
        found.id = this.#integer();
        return;
      case "kinode_message_type":
      case "hyperware_message_type": {
        const type = this.#text();
        if (type !== "Request" && type !== "Response") throw malformed();
        found.type = type;
        return;
      }
      case "blob":
        found.blob = this.#blob();
        return;
      default:
        throw malformed();
    }
  }

  #byte(): number {
    return this.#view.getUint8(this.#at++);
  }

  #take(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw malformed();
    const bytes = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  #uint(size: 1 | 2 | 4): number {
    const at = this.#at;
    this.#at += size;
    if (size === 1) return this.#view.getUint8(at);
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #mapLength(): number {
    const tag = this.#byte();
    if (tag >>> 4 === 0x8) return tag & 0xf;
    if (tag === 0xde) return this.#uint(2);
    throw malformed();
  }

  #text(): string {
    const tag = this.#byte();
    if (tag >>> 5 === 0b101) return decoder.decode(this.#take(tag & 0x1f));
    if (tag === 0xd9) return decoder.decode(this.#take(this.#uint(1)));
    throw malformed();
  }

  #integer(): U64 {
    const tag = this.#byte();
    if (tag < 0x80) return tag;
    if (tag === 0xcc) return this.#uint(1);
    if (tag === 0xcd) return this.#uint(2);
    if (tag === 0xce) return this.#uint(4);
    if (tag !== 0xcf) throw malformed();
    const value = this.#view.getBigUint64(this.#at);
    this.#at += 8;
    return toU64(value);
  }

  #blob(): Uint8Array {
    const tag = this.#byte();
    if (tag === 0xc4) return this.#take(this.#uint(1));
    if (tag === 0xc5) return this.#take(this.#uint(2));
    if (tag === 0xc6) return this.#take(this.#uint(4));
    if (tag >>> 4 === 0x9) return this.#integers(tag & 0xf);
    if (tag === 0xdc) return this.#integers(this.#uint(2));
    if (tag === 0xdd) return this.#integers(this.#uint(4));
    throw malformed();
  }

  #integers(length: number): Uint8Array {
    // Each integer takes at least one byte: a length beyond what is left allocates nothing.
    if (length > this.#bytes.length - this.#at) throw malformed();
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index++) {
      const value = this.#integer();
      if (typeof value !== "number" || value > 0xff) throw malformed();
      bytes[index] = value;
    }
    return bytes;
  }
}

function malformed(): Error {
  return new Error("Not an extension frame");
}
