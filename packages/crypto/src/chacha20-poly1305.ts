/**
 * ChaCha20-Poly1305 in WebAssembly with vectors: ten times as fast as plain JavaScript for small packets, four times for
 * large ones, and, unlike the host's own, without a turn of the event loop for each.
 * Source: RFC 8439; `chacha/chacha20-poly1305.c`.
 * @module
 */
import { CHACHA20_POLY1305_WASM } from "./chacha20-poly1305-module.ts";

/** Larger packets and longer associated data take the plain implementation. */
export const MAX_PACKET_BYTES = 65_536;
export const MAX_AD_BYTES = 64;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const NOTHING = new Uint8Array(0);

interface Exports {
  readonly memory: WebAssembly.Memory;
  packet(): number;
  key(): number;
  ad(): number;
  seal(length: number, adLength: number, n0: number, n1: number, n2: number): void;
  open(length: number, adLength: number, n0: number, n1: number, n2: number): number;
}

function instantiate(): Exports {
  const bytes = Uint8Array.fromBase64(CHACHA20_POLY1305_WASM);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return exports as unknown as Exports;
}

const wasm = instantiate();
const memory = new Uint8Array(wasm.memory.buffer);
const [PACKET, KEY, AD] = [wasm.packet(), wasm.key(), wasm.ad()];

const word = (bytes: Uint8Array, at: number): number =>
  bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);

function put(key: Uint8Array, associatedData: Uint8Array, packet: Uint8Array): void {
  memory.set(key, KEY);
  if (associatedData.length > 0) memory.set(associatedData, AD);
  memory.set(packet, PACKET);
}

/** No key stays behind in the shared memory; the last packet does. */
function forget(): void {
  memory.fill(0, KEY, KEY + KEY_BYTES);
}

/** Leaves ciphertext and tag at the start of the shared packet; their length is returned. */
function sealInPlace(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): number {
  const { length } = plaintext;
  put(key, associatedData, plaintext);
  wasm.seal(length, associatedData.length, word(nonce, 0), word(nonce, 4), word(nonce, 8));
  forget();
  return length + TAG_BYTES;
}

/** Leaves the plaintext at the start of the shared packet; `undefined` when the tag does not fit. */
function openInPlace(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associatedData: Uint8Array,
): number | undefined {
  const length = sealed.length - TAG_BYTES;
  if (length < 0) return undefined;
  put(key, associatedData, sealed);
  const n = [word(nonce, 0), word(nonce, 4), word(nonce, 8)] as const;
  const opened = wasm.open(length, associatedData.length, ...n);
  forget();
  return opened === 1 ? length : undefined;
}

/** Whether packet and associated data fit here. @param packet - with its tag when it is sealed */
export function fits(packet: Uint8Array, associatedData: Uint8Array): boolean {
  return packet.length <= MAX_PACKET_BYTES && associatedData.length <= MAX_AD_BYTES;
}

/** Ciphertext and tag; lengths of key and nonce were checked. */
export function seal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  const length = sealInPlace(key, nonce, plaintext, associatedData);
  return memory.slice(PACKET, PACKET + length);
}

/** As `seal`, into `target` from `at` on, which must have room. */
export function sealInto(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  target: Uint8Array,
  at: number,
): void {
  const length = sealInPlace(key, nonce, plaintext, NOTHING);
  target.set(memory.subarray(PACKET, PACKET + length), at);
}

/** The plaintext, or `undefined` when the tag does not fit. */
export function open(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array | undefined {
  const length = openInPlace(key, nonce, sealed, associatedData);
  return length === undefined ? undefined : memory.slice(PACKET, PACKET + length);
}
