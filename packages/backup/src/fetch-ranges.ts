/**
 * Which parts of a pack to ask for, to get some of its blobs.
 * @module
 */

/** One request. */
export interface FetchRange<T> {
  readonly offset: number;
  readonly length: number;
  /** In the order of their offsets. */
  readonly blobs: readonly T[];
}

/** A gap that is cheaper to fetch than another request. */
const MAX_GAP_BYTES = 131_072;

/** @param maxBytes - of one request, unless a single blob is larger */
export function fetchRanges<T extends { readonly offset: number; readonly length: number }>(
  blobs: Iterable<T>,
  maxBytes: number,
): FetchRange<T>[] {
  const ranges: { offset: number; length: number; blobs: T[] }[] = [];
  for (const blob of [...blobs].sort((a, b) => a.offset - b.offset)) {
    const last = ranges.at(-1);
    const end = blob.offset + blob.length;
    const joins =
      last !== undefined &&
      blob.offset - (last.offset + last.length) <= MAX_GAP_BYTES &&
      end - last.offset <= maxBytes;
    if (joins) {
      last.length = Math.max(last.length, end - last.offset);
      last.blobs.push(blob);
    } else {
      ranges.push({ offset: blob.offset, length: blob.length, blobs: [blob] });
    }
  }
  return ranges;
}
