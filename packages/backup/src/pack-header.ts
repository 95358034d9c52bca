/**
 * What a pack says about itself.
 * @module
 */
import { type RepositoryContext, withSignal } from "./context.ts";
import { assertSound } from "./errors.ts";
import type { ObjectId } from "./object-id.ts";
import { decodeHeader, HEADER_LENGTH_BYTES, headerLength, type PackedBlob } from "./pack.ts";

/** The header at the end of the bytes of a pack. @throws {BackupError} `backup.damaged`, `backup.too-large` */
export function readHeader(
  { files, limits }: RepositoryContext,
  bytes: Uint8Array,
  what: string,
): PackedBlob[] {
  const length = headerLength(bytes.subarray(-HEADER_LENGTH_BYTES), bytes.length, what);
  const from = bytes.length - HEADER_LENGTH_BYTES - length;
  const header = files.unseal(bytes.subarray(from, from + length));
  assertSound(header !== undefined, what, "the seal of its header does not fit");
  return decodeHeader(header, from, what, limits);
}

/** The first request: enough for the header of most packs. */
const TAIL_BYTES = 65_536;

/** The header of a pack, without reading the rest. @throws {BackupError} `backup.damaged`, `backup.too-large` */
export async function fetchHeader(
  context: RepositoryContext,
  id: ObjectId,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<PackedBlob[]> {
  const { remote, files, limits } = context;
  const what = `data/${id}`;
  const tail = async (length: number): Promise<Uint8Array> => {
    const range = { offset: Math.max(0, sizeBytes - length), length };
    const bytes = await remote.get("data", id, range, withSignal(signal));
    assertSound(bytes !== undefined, what, "it is gone");
    return bytes;
  };
  let end = await tail(TAIL_BYTES);
  const length = headerLength(end.subarray(-HEADER_LENGTH_BYTES), sizeBytes, what);
  const wanted = length + HEADER_LENGTH_BYTES;
  if (wanted > end.length) end = await tail(wanted);
  const header = files.unseal(end.subarray(end.length - wanted, end.length - HEADER_LENGTH_BYTES));
  assertSound(header !== undefined, what, "the seal of its header does not fit");
  return decodeHeader(header, sizeBytes - wanted, what, limits);
}
