/**
 * Blobs that leave the one way on which their buffers may be used again.
 * Source: `BlobLease` in `@kinode-ts/types`; docs/decisions/0003-recycled-blob-buffers.md.
 * @module
 */
import type { KernelMessage, LazyLoadBlob } from "@kinode-ts/types";

/**
 * The blob for somebody who may keep it: its bytes are never used again.
 * It has no lease any more, so that it can be copied to another realm and sent again like any other.
 */
export function kept(blob: LazyLoadBlob): LazyLoadBlob;
export function kept(blob: LazyLoadBlob | undefined): LazyLoadBlob | undefined;
export function kept(blob: LazyLoadBlob | undefined): LazyLoadBlob | undefined {
  if (blob?.lease === undefined) return blob;
  blob.lease.keep();
  return { mime: blob.mime, bytes: blob.bytes };
}

/** The message for somebody who may keep its blob. */
export function withKeptBlob(message: KernelMessage): KernelMessage {
  if (message.blob?.lease === undefined) return message;
  return { ...message, blob: kept(message.blob) };
}
