/**
 * Blobs: bytes that travel beside a message.
 * @module
 */
import type { GuestBlob } from "@kinode-ts/types";
import { stringifyJson } from "./json.ts";
import { encodeUtf8 } from "./utf8.ts";

/** Bytes beside a message, with their MIME type if known. */
export interface LazyLoadBlob {
  readonly mime?: string | undefined;
  readonly bytes: Uint8Array;
}

/** The part of a web `Blob` that is used. */
export interface WebBlob {
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/**
 * What can be given as a blob; text becomes UTF-8. A web `Blob` is read before the message is sent; where that cannot be
 * waited for, as in `onExit.set`, it is refused: `fromWebBlob` reads it.
 */
export type BlobLike = LazyLoadBlob | Uint8Array | string | WebBlob;

/** @throws {TypeError} a web `Blob`: reading it takes time */
export function toBlob(value: BlobLike): GuestBlob {
  if (typeof value === "string") return { bytes: encodeUtf8(value) };
  if (value instanceof Uint8Array) return { bytes: value };
  if (isWebBlob(value)) {
    throw new TypeError("A web Blob cannot be read at once: pass await fromWebBlob(blob)");
  }
  return value;
}

export function isWebBlob(value: BlobLike | undefined): value is WebBlob {
  return typeof value === "object" && "arrayBuffer" in value && !(value instanceof Uint8Array);
}

/** The value as JSON, without a MIME type. */
export function jsonBlob(value: unknown): LazyLoadBlob {
  return { bytes: encodeUtf8(stringifyJson(value)) };
}

/** Reads a web `Blob` (where there is one) into the form messages carry. */
export async function fromWebBlob(web: WebBlob): Promise<LazyLoadBlob> {
  const bytes = new Uint8Array(await web.arrayBuffer());
  return web.type === "" ? { bytes } : { mime: web.type, bytes };
}
