/**
 * A body that a process writes part by part and that somebody outside takes. The writer is told late when the taker is
 * slow: that is the backpressure.
 * @module
 */

/** Told once per part: whether it was taken in and there is room for the next one. */
export type Written = (isOpen: boolean) => void;

export interface BodyWriterHooks {
  /** What the taker of a body that is given up gets to see. */
  readonly abortReason: () => unknown;
  readonly nowMs: () => number;
  /** Bytes that wait, as a difference. */
  readonly waited: (bytes: number) => void;
  /** The taker went away before it had all. */
  readonly abandoned: () => void;
  /** The taker has all. */
  readonly finished: () => void;
  /** Called once, however it ended. */
  readonly over: () => void;
}

interface Part {
  readonly bytes: Uint8Array;
  written: Written | undefined;
}

export class BodyWriter {
  /** What the taker reads. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #hooks: BodyWriterHooks;
  readonly #highWaterBytes: number;
  #parts: Part[] = [];
  #waitingBytes = 0;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  /** The taker waits for a part. */
  #pulled: (() => void) | undefined;
  #state: "open" | "ended" | "closed" = "open";
  /** When the taker last took something, or nothing waited for it; of the monotonic clock. */
  activeMs: number;

  constructor(highWaterBytes: number, hooks: BodyWriterHooks) {
    this.#hooks = hooks;
    this.#highWaterBytes = highWaterBytes;
    this.activeMs = hooks.nowMs();
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.#abandon(),
      },
      { highWaterMark: 0 },
    );
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  write(bytes: Uint8Array, written: Written): void {
    if (this.#state !== "open") return written(false);
    if (bytes.length === 0) return written(true);
    if (this.#waitingBytes === 0) this.activeMs = this.#hooks.nowMs();
    this.#count(bytes.length);
    const part: Part = { bytes, written };
    this.#parts.push(part);
    this.#give();
    this.#answerWhatFits();
  }

  end(): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.#give();
  }

  /** The taker sees a broken body. */
  abort(): void {
    if (this.#state === "closed") return;
    this.#release();
    try {
      this.#controller.error(this.#hooks.abortReason());
    } catch {
      // Nobody listens any more.
    }
  }

  #pull(): Promise<void> | undefined {
    if (this.#state === "closed") return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pulled = resolve;
    this.#give();
    return promise;
  }

  /** Hands one part to a taker that waits. */
  #give(): void {
    const pulled = this.#pulled;
    if (pulled === undefined) return;
    const part = this.#parts.shift();
    if (part === undefined && this.#state !== "ended") return;
    this.#pulled = undefined;
    this.activeMs = this.#hooks.nowMs();
    if (part === undefined) {
      this.#state = "closed";
      this.#controller.close();
      this.#hooks.over();
      this.#hooks.finished();
    } else {
      this.#count(-part.bytes.length);
      this.#controller.enqueue(part.bytes);
      part.written?.(true);
      this.#answerWhatFits();
    }
    pulled();
  }

  /** Writers are told in the order in which they wrote, as long as the parts before fill less than the mark. */
  #answerWhatFits(): void {
    let bytes = 0;
    for (const part of this.#parts) {
      bytes += part.bytes.length;
      if (bytes > this.#highWaterBytes) return;
      const { written } = part;
      part.written = undefined;
      written?.(true);
    }
  }

  #abandon(): void {
    if (this.#state === "closed") return;
    this.#release();
    this.#hooks.abandoned();
  }

  #release(): void {
    this.#state = "closed";
    const parts = this.#parts;
    this.#parts = [];
    this.#count(-this.#waitingBytes);
    for (const { written } of parts) written?.(false);
    this.#hooks.over();
    this.#pulled?.();
    this.#pulled = undefined;
  }

  #count(bytes: number): void {
    this.#waitingBytes += bytes;
    this.#hooks.waited(bytes);
  }
}
