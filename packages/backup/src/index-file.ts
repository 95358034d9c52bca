/**
 * Index files: which blobs are in which pack, so that nobody has to read the packs to find out.
 * Source: restic's design document, "Indexing".
 * @module
 */
import { assertSound } from "./errors.ts";
import { asCount, asList, asRecord, type JsonRecord } from "./json.ts";
import { assertObjectId, type ObjectId } from "./object-id.ts";
import type { PackedBlob } from "./pack.ts";
import { SEAL_BYTES } from "./sealing.ts";

/** The blobs of one pack. */
export interface PackContents {
  readonly id: ObjectId;
  readonly blobs: readonly PackedBlob[];
}

/** The JSON of an index, to be sealed. */
export function encodeIndex(packs: readonly PackContents[]): JsonRecord {
  return {
    packs: packs.map(({ id, blobs }) => ({
      id,
      blobs: blobs.map(({ kind, id, offset, length, plainLength }) => ({
        id,
        type: kind,
        offset,
        length,
        ...(plainLength === undefined ? {} : { uncompressed_length: plainLength }),
      })),
    })),
  };
}

/** @throws {BackupError} `backup.damaged` */
export function decodeIndex(value: unknown, what: string): PackContents[] {
  return asList(asRecord(value, what)["packs"], what).map((item) => {
    const pack = asRecord(item, what);
    const blobs = asList(pack["blobs"], what).map((blob) => decodeBlob(asRecord(blob, what), what));
    return { id: assertObjectId(pack["id"], what), blobs };
  });
}

function decodeBlob(fields: JsonRecord, what: string): PackedBlob {
  const kind = fields["type"];
  assertSound(kind === "data" || kind === "tree", what, "a blob is neither data nor tree");
  const plain = fields["uncompressed_length"];
  const length = asCount(fields["length"], what);
  assertSound(length >= SEAL_BYTES, what, "a blob is shorter than its seal");
  return {
    kind,
    id: assertObjectId(fields["id"], what),
    offset: asCount(fields["offset"], what),
    length,
    plainLength: plain === undefined || plain === 0 ? undefined : asCount(plain, what),
  };
}
