/**
 * What is offered of the web's `ReadableStream`: a body read part by part, once. No pipes, no tees, no controllers.
 * Source: Streams Standard §4.2 (WHATWG), the reading side.
 * @module
 */

export interface PartReader {
  read(): Promise<IteratorResult<Uint8Array, undefined>>;
  /** Gives up: nobody wants the rest. */
  cancel(): Promise<void>;
  releaseLock(): void;
}

const DONE = { done: true, value: undefined } as const;

export class PartStream {
  readonly #parts: AsyncIterator<Uint8Array, unknown>;
  readonly #onUse: () => void;
  #isOver = false;
  #reader: PartReader | undefined;

  /** @param onUse - called with each read: the body is used from then on */
  constructor(parts: AsyncIterable<Uint8Array>, onUse: () => void) {
    this.#parts = parts[Symbol.asyncIterator]();
    this.#onUse = onUse;
  }

  get locked(): boolean {
    return this.#reader !== undefined;
  }

  /** @throws TypeError somebody has a reader already */
  getReader(): PartReader {
    if (this.#reader !== undefined) throw new TypeError("The stream is locked by another reader");
    const isMine = (): boolean => this.#reader === reader;
    const assertMine = (): void => {
      if (!isMine()) throw new TypeError("The reader has been released");
    };
    const reader: PartReader = {
      read: async () => {
        assertMine();
        return await this.#next();
      },
      cancel: async () => {
        assertMine();
        await this.#giveUp();
      },
      releaseLock: () => {
        if (isMine()) this.#reader = undefined;
      },
    };
    return (this.#reader = reader);
  }

  async cancel(): Promise<void> {
    if (this.locked) throw new TypeError("The stream is locked: cancel its reader");
    await this.#giveUp();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array, undefined> {
    const reader = this.getReader();
    const iterator: AsyncIterableIterator<Uint8Array, undefined> = {
      next: () => reader.read(),
      return: async () => {
        await reader.cancel();
        reader.releaseLock();
        return DONE;
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  values(): AsyncIterableIterator<Uint8Array, undefined> {
    return this[Symbol.asyncIterator]();
  }

  async #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isOver) return DONE;
    this.#onUse();
    try {
      const { done, value } = await this.#parts.next();
      if (done !== true) return { done: false, value: value as Uint8Array };
      this.#isOver = true;
      return DONE;
    } catch (thrown) {
      this.#isOver = true;
      throw thrown;
    }
  }

  async #giveUp(): Promise<void> {
    this.#onUse();
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#parts.return?.();
  }

  get [Symbol.toStringTag](): string {
    return "ReadableStream";
  }
}

/** The bytes of a body that is here, as a stream of one part. */
export async function* onePart(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  if (bytes.length > 0) yield bytes;
}

/** All parts, joined. */
export async function wholeOf(stream: PartStream): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
