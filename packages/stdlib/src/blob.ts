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

/** What can be given as a blob; text becomes UTF-8. */
export type BlobLike = LazyLoadBlob | Uint8Array | string;

export function toBlob(value: BlobLike): GuestBlob {
  if (typeof value === "string") return { bytes: encodeUtf8(value) };
  return value instanceof Uint8Array ? { bytes: value } : value;
}

/** The value as JSON, without a MIME type. */
export function jsonBlob(value: unknown): LazyLoadBlob {
  return { bytes: encodeUtf8(stringifyJson(value)) };
}

/** Reads a web `Blob` (where there is one) into the form messages carry. */
export async function fromWebBlob(web: {
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}): Promise<LazyLoadBlob> {
  const bytes = new Uint8Array(await web.arrayBuffer());
  return web.type === "" ? { bytes } : { mime: web.type, bytes };
}
