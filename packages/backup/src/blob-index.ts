/**
 * Where each blob is, in memory: what all index files say together.
 * @module
 */
import { assertWithin } from "./errors.ts";
import type { PackContents } from "./index-file.ts";
import type { BackupLimits } from "./limits.ts";
import type { ObjectId } from "./object-id.ts";
import type { BlobKind, PackedBlob } from "./pack.ts";

export interface BlobPlace {
  readonly pack: ObjectId;
  readonly blob: PackedBlob;
}

export class BlobIndex {
  readonly #limits: BackupLimits;
  readonly #places = { data: new Map<ObjectId, BlobPlace>(), tree: new Map<ObjectId, BlobPlace>() };
  readonly #packs = new Map<ObjectId, readonly PackedBlob[]>();
  #blobCount = 0;

  constructor(limits: BackupLimits) {
    this.#limits = limits;
  }

  /** Adds a pack, unless it is known. @throws {BackupError} `backup.too-large` */
  add({ id: pack, blobs }: PackContents): void {
    if (this.#packs.has(pack)) return;
    this.#blobCount += blobs.length;
    const { maxIndexBlobCount } = this.#limits;
    assertWithin("blobs in the index", this.#blobCount, maxIndexBlobCount, "maxIndexBlobCount");
    this.#packs.set(pack, blobs);
    for (const blob of blobs) {
      const places = this.#places[blob.kind];
      if (!places.has(blob.id)) places.set(blob.id, { pack, blob });
    }
  }

  has(kind: BlobKind, id: ObjectId): boolean {
    return this.#places[kind].has(id);
  }

  /** One of the places of a blob. */
  find(kind: BlobKind, id: ObjectId): BlobPlace | undefined {
    return this.#places[kind].get(id);
  }

  hasPack(id: ObjectId): boolean {
    return this.#packs.has(id);
  }

  packs(): IterableIterator<[ObjectId, readonly PackedBlob[]]> {
    return this.#packs.entries();
  }

  get packCount(): number {
    return this.#packs.size;
  }

  /** Blobs, those that are in several packs counted each time. */
  get blobCount(): number {
    return this.#blobCount;
  }
}
