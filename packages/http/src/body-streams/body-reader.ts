/**
 * A body that comes from outside and that a process reads part by part. Nothing is read ahead: a process that does not
 * ask holds back the sender, not the node's memory.
 * @module
 */

/** What a read found. */
export type ReadPart = { readonly bytes: Uint8Array } | "done" | "closed";

/** What is used of a stream's reader: its types in hosts differ in the rest. */
interface PartReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

export class BodyReader {
  readonly #reader: PartReader;
  /** What is left of a part that was larger than what was asked for. */
  #rest: Uint8Array | undefined;
  #isReading = false;
  #isClosed = false;
  /** Bytes that have come from the sender. */
  receivedBytes = 0;
  /** When the process last asked or was answered, of the monotonic clock. */
  activeMs: number;

  constructor(source: ReadableStream<Uint8Array>, nowMs: number) {
    this.#reader = source.getReader();
    this.activeMs = nowMs;
  }

  /** Whether an earlier read waits for bytes. */
  get isReading(): boolean {
    return this.#isReading;
  }

  /** The next part of at most `maxBytes`; not while `isReading`. Never rejects. */
  async read(maxBytes: number): Promise<ReadPart> {
    this.#isReading = true;
    const part = await this.#next();
    this.#isReading = false;
    if (typeof part === "string") return part;
    if (part.length <= maxBytes) return { bytes: part };
    this.#rest = part.subarray(maxBytes);
    return { bytes: part.subarray(0, maxBytes) };
  }

  /** Gives up: a read that waits is told `closed`. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#rest = undefined;
    this.#reader.cancel().catch(() => {});
  }

  async #next(): Promise<Uint8Array | "done" | "closed"> {
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) return rest;
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (this.#isClosed) return "closed";
        if (done || value === undefined) return "done";
        this.receivedBytes += value.length;
        if (value.length > 0) return value;
      }
    } catch {
      return "closed";
    }
  }
}
