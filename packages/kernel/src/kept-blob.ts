/**
 * Blobs that leave the one way on which their buffers may be used again.
 * Source: `BlobLease` in `@kinode-ts/types`; docs/decisions/0003-recycled-blob-buffers.md.
 * @module
 */
import type { LazyLoadBlob } from "@kinode-ts/types";

/** The same blob; its bytes are never used again, so whoever gets it may keep it. */
export function kept<B extends LazyLoadBlob | undefined>(blob: B): B {
  blob?.lease?.keep();
  return blob;
}
