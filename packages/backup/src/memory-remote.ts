/**
 * A place for backups in memory: for tests and examples.
 * @module
 */
import type { BackupObjectKind, BackupRemote } from "@kinode-ts/types";

/** The objects of each kind, by name. */
export type MemoryRemoteData = Map<BackupObjectKind, Map<string, Uint8Array>>;

/** @param data - shared with whoever wants to look at it, or break it */
export function createMemoryRemote(
  label = "memory",
  data: MemoryRemoteData = new Map(),
): BackupRemote {
  const kindOf = (kind: BackupObjectKind): Map<string, Uint8Array> => {
    const found = data.get(kind) ?? new Map<string, Uint8Array>();
    data.set(kind, found);
    return found;
  };
  return {
    label,
    async *list(kind) {
      for (const [name, { length }] of [...kindOf(kind)]) yield { name, sizeBytes: length };
    },
    async stat(kind, name) {
      const bytes = kindOf(kind).get(name);
      return bytes === undefined ? undefined : { name, sizeBytes: bytes.length };
    },
    async get(kind, name, range) {
      const bytes = kindOf(kind).get(name);
      if (range === undefined) return bytes?.slice();
      return bytes?.slice(range.offset, range.offset + range.length);
    },
    async put(kind, name, bytes) {
      kindOf(kind).set(name, bytes.slice());
    },
    async delete(kind, name) {
      kindOf(kind).delete(name);
    },
  };
}
