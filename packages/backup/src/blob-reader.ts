/**
 * Single blobs out of packs, mostly trees. Neighbours are fetched with them: trees that belong together lie together.
 * @module
 */
import type { BlobIndex } from "./blob-index.ts";
import { type RepositoryContext, withSignal } from "./context.ts";
import { assertSound, assertWithin, BackupError } from "./errors.ts";
import type { ObjectId } from "./object-id.ts";
import { type BlobKind, contentLength } from "./pack.ts";
import { decodeTree, type TreeEntry } from "./tree.ts";

const SPAN_BYTES = 524_288;
const SPAN_COUNT = 16;

interface Span {
  readonly pack: ObjectId;
  readonly offset: number;
  readonly bytes: Promise<Uint8Array>;
  readonly end: number;
}

export class BlobReader {
  readonly #context: RepositoryContext;
  readonly #index: BlobIndex;
  readonly #signal: AbortSignal | undefined;
  readonly #spans: Span[] = [];

  constructor(context: RepositoryContext, index: BlobIndex, signal?: AbortSignal) {
    this.#context = context;
    this.#index = index;
    this.#signal = signal;
  }

  /** @throws {BackupError} `backup.damaged` it is not in the index, or not in the pack, or changed */
  async tree(id: ObjectId): Promise<TreeEntry[]> {
    return decodeTree(await this.content("tree", id), id);
  }

  async content(kind: BlobKind, id: ObjectId): Promise<Uint8Array> {
    const what = `${kind} ${id.slice(0, 8)}`;
    const place = this.#index.find(kind, id);
    assertSound(place !== undefined, what, "no index knows where it is");
    const { pack, blob } = place;
    const { maxBlobBytes } = this.#context.limits;
    assertWithin(
      `${what} in bytes`,
      Math.max(contentLength(blob), blob.length),
      maxBlobBytes,
      "maxBlobBytes",
    );
    const span = this.#span(pack, blob.offset, blob.length);
    const at = blob.offset - span.offset;
    const bytes = (await span.bytes).slice(at, at + blob.length);
    const [content] = await this.#context.engine.open(bytes, [{ ...blob, offset: 0 }]);
    assertSound(content !== undefined, what, `it is not whole in pack ${pack.slice(0, 8)}`);
    return content;
  }

  #span(pack: ObjectId, offset: number, length: number): Span {
    const found = this.#spans.find(
      (span) => span.pack === pack && span.offset <= offset && offset + length <= span.end,
    );
    if (found !== undefined) return found;
    const wanted = Math.max(length, SPAN_BYTES);
    const bytes = this.#fetch(pack, offset, wanted);
    const span = { pack, offset, bytes, end: offset + wanted };
    // One that failed is not kept.
    bytes.catch(() => {
      const at = this.#spans.indexOf(span);
      if (at >= 0) this.#spans.splice(at, 1);
    });
    this.#spans.push(span);
    if (this.#spans.length > SPAN_COUNT) this.#spans.shift();
    return span;
  }

  async #fetch(pack: ObjectId, offset: number, length: number): Promise<Uint8Array> {
    const { remote } = this.#context;
    const range = { offset, length };
    const bytes = await remote.get("data", pack, range, withSignal(this.#signal));
    if (bytes === undefined) {
      throw new BackupError({ code: "backup.missing", kind: "data", name: pack });
    }
    return bytes;
  }
}
