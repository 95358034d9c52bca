/**
 * How bytes get to a disk thread and back: few with the call, more in memory of whoever asks, too many in parts.
 * @module
 */
import { CALL_DATA_BYTES } from "./disk-slot.ts";
import type { ReadResult } from "./host-calls-bun.ts";

/** Bytes in one call; then it is others' turn. A disk that needs half a minute for them counts as dead. */
export const PART_BYTES = 4 * 1024 * 1024;

const EMPTY = new Uint8Array(0);

interface Carried {
  readonly input?: Uint8Array;
  readonly memory?: Uint8Array;
}

/** How bytes go along with a call; too many go in calls of their own. */
export function carried(bytes: Uint8Array): Carried {
  if (bytes.length <= CALL_DATA_BYTES) return { input: bytes };
  return bytes.length <= PART_BYTES ? { memory: bytes } : { input: EMPTY };
}

/** Memory to read so many bytes into; `undefined` when they can come with the answer, or are too many for one call. */
export function memoryFor(length = 0): Uint8Array | undefined {
  return length > CALL_DATA_BYTES && length <= PART_BYTES ? newMemory(length) : undefined;
}

/** Not zeroed: everything that is handed on has been read. */
function newMemory(length: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

/** Nothing else that the memory had before must be seen. */
export function upTo(memory: Uint8Array, count: number): Uint8Array {
  return count === memory.length ? memory : memory.slice(0, count);
}

type ReadPart = (position: number, length: number, memory: Uint8Array) => Promise<ReadResult>;

/** Up to `length` bytes in calls of their own; fewer at the end of the file. */
export async function readParts(length: number, read: ReadPart): Promise<Uint8Array> {
  const bytes = newMemory(length);
  for (let done = 0; done < length;) {
    const part = bytes.subarray(done, Math.min(done + PART_BYTES, length));
    // oxlint-disable-next-line no-await-in-loop -- one part after the other
    const { count } = await read(done, part.length, part);
    done += count;
    if (count < part.length) return bytes.slice(0, done);
  }
  return bytes;
}

type WritePart = (bytes: Uint8Array, position: number) => Promise<void>;

/** Writes in calls of their own. @param write - gets each part, and where it begins in `bytes` */
export async function writeParts(bytes: Uint8Array, write: WritePart): Promise<void> {
  for (let done = 0; done < bytes.length; done += PART_BYTES) {
    // oxlint-disable-next-line no-await-in-loop -- one part after the other
    await write(bytes.subarray(done, done + PART_BYTES), done);
  }
}
