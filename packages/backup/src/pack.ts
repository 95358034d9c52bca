/**
 * Packs: many sealed blobs in one object, and behind them a sealed header that says what they are.
 * Source: restic's design document, "Pack Format".
 * @module
 */
import { assertSound, assertWithin } from "./errors.ts";
import type { BackupLimits } from "./limits.ts";
import { type ObjectId, objectIdBytes, objectIdOf } from "./object-id.ts";
import { SEAL_BYTES } from "./sealing.ts";

export type BlobKind = "data" | "tree";

/** One blob and its place in a pack. */
export interface PackedBlob {
  readonly kind: BlobKind;
  /** SHA-256 of the content. */
  readonly id: ObjectId;
  readonly offset: number;
  /** Sealed bytes. */
  readonly length: number;
  /** Bytes of content when it is compressed. */
  readonly plainLength: number | undefined;
}

/** Bytes of content. */
export function contentLength(blob: PackedBlob): number {
  return blob.plainLength ?? blob.length - SEAL_BYTES;
}

const ENTRY_BYTES = 37;
const COMPRESSED_ENTRY_BYTES = 41;
/** The length of the header, at the end of a pack. */
export const HEADER_LENGTH_BYTES = 4;

/** Bytes that a sealed header and its length take. */
export function headerBytes(blobs: readonly PackedBlob[]): number {
  const entries = blobs.reduce((sum, { plainLength }) => sum + entryBytes(plainLength), 0);
  return entries + SEAL_BYTES + HEADER_LENGTH_BYTES;
}

/** Bytes of a pack with these blobs. */
export function packBytes(blobs: readonly PackedBlob[]): number {
  return blobs.reduce((sum, { length }) => sum + length, headerBytes(blobs));
}

function entryBytes(plainLength: number | undefined): number {
  return plainLength === undefined ? ENTRY_BYTES : COMPRESSED_ENTRY_BYTES;
}

/** The header in plain. @param blobs - in the order of their offsets, without gaps */
export function encodeHeader(blobs: readonly PackedBlob[]): Uint8Array {
  const bytes = new Uint8Array(headerBytes(blobs) - SEAL_BYTES - HEADER_LENGTH_BYTES);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const { kind, id, length, plainLength } of blobs) {
    view.setUint8(at, (kind === "tree" ? 1 : 0) | (plainLength === undefined ? 0 : 2));
    view.setUint32(at + 1, length, true);
    if (plainLength !== undefined) view.setUint32(at + 5, plainLength, true);
    at += entryBytes(plainLength);
    bytes.set(objectIdBytes(id), at - 32);
  }
  return bytes;
}

/**
 * The blobs of a header in plain.
 * @param dataLength - bytes of the pack before the header; the blobs must fill them
 * @throws {BackupError} `backup.damaged`, `backup.too-large`
 */
export function decodeHeader(
  bytes: Uint8Array,
  dataLength: number,
  what: string,
  limits: BackupLimits,
): PackedBlob[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const count = Math.ceil(bytes.length / COMPRESSED_ENTRY_BYTES);
  assertWithin(`blobs in ${what}`, count, limits.maxPackBlobCount, "maxPackBlobCount");
  const blobs: PackedBlob[] = [];
  let offset = 0;
  for (let at = 0; at < bytes.length;) {
    const type = view.getUint8(at);
    assertSound(type <= 3, what, `its header has a blob of the unknown type ${type}`);
    const size = type >= 2 ? COMPRESSED_ENTRY_BYTES : ENTRY_BYTES;
    assertSound(at + size <= bytes.length, what, "its header ends inside an entry");
    const length = view.getUint32(at + 1, true);
    assertSound(length >= SEAL_BYTES, what, "a blob is shorter than its seal");
    const plainLength = type >= 2 ? view.getUint32(at + 5, true) : undefined;
    const id = objectIdOf(bytes.subarray(at + size - 32, at + size));
    blobs.push({ kind: (type & 1) === 1 ? "tree" : "data", id, offset, length, plainLength });
    offset += length;
    at += size;
  }
  assertSound(offset === dataLength, what, `its blobs have ${offset} bytes, not ${dataLength}`);
  return blobs;
}

/**
 * The length of the sealed header, from the last four bytes of a pack.
 * @throws {BackupError} `backup.damaged`
 */
export function headerLength(tail: Uint8Array, packBytes: number, what: string): number {
  assertSound(tail.length === HEADER_LENGTH_BYTES, what, "it is too short");
  const length = new DataView(tail.buffer, tail.byteOffset, 4).getUint32(0, true);
  const fits = length > SEAL_BYTES && length + HEADER_LENGTH_BYTES <= packBytes;
  assertSound(fits, what, `its header cannot have ${length} bytes`);
  return length;
}
