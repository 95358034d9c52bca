/**
 * What `Request` and `Response` have in common: a body that can be read once. It is whole, or, in a response, comes in parts.
 * Source: Fetch Standard §5.3 (WHATWG).
 * @module
 */
import { Blob, bytesOfBlob, bytesOfBuffer, encodeForm, FormData } from "./blob.ts";
import type { Headers } from "./headers.ts";
import { onePart, PartStream, wholeOf } from "./part-stream.ts";

export interface ExtractedBody {
  readonly bytes: Uint8Array;
  /** What `content-type` is to say, unless it says something already. */
  readonly type: string | undefined;
}

const encoder = new TextEncoder();

function isSearchParams(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object URLSearchParams]";
}

/** Whether a body comes in parts. */
export function isInParts(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** @throws TypeError a stream: bodies of requests are whole; `fetch` itself takes one */
export function extractBody(body: unknown): ExtractedBody {
  if (typeof body === "string") {
    return { bytes: encoder.encode(body.toWellFormed()), type: "text/plain;charset=UTF-8" };
  }
  const buffer = bytesOfBuffer(body);
  if (buffer !== undefined) return { bytes: buffer.slice(), type: undefined };
  if (body instanceof Blob) return { bytes: bytesOfBlob(body), type: body.type || undefined };
  if (body instanceof FormData) {
    const boundary = `form-${crypto.randomUUID()}`;
    return { bytes: encodeForm(body, boundary), type: `multipart/form-data; boundary=${boundary}` };
  }
  if (isSearchParams(body)) {
    const type = "application/x-www-form-urlencoded;charset=UTF-8";
    return { bytes: encoder.encode(String(body)), type };
  }
  if (
    typeof body === "object" &&
    body !== null &&
    ("getReader" in body || Symbol.asyncIterator in body)
  ) {
    throw new TypeError("The body of a Request cannot be a stream here: pass the stream to fetch");
  }
  return {
    bytes: encoder.encode(`${body as string}`.toWellFormed()),
    type: "text/plain;charset=UTF-8",
  };
}

export abstract class Body {
  abstract readonly headers: Headers;
  #bytes: Uint8Array | undefined;
  #stream: PartStream | undefined;
  #isInParts = false;
  #isUsed = false;

  /** @internal */
  protected fill(body: ExtractedBody | undefined): void {
    this.#bytes = body?.bytes;
  }

  /** @internal */
  protected fillInParts(parts: AsyncIterable<Uint8Array>): void {
    this.#isInParts = true;
    this.#stream = this.#streamOf(parts);
  }

  #streamOf(parts: AsyncIterable<Uint8Array>): PartStream {
    return new PartStream(parts, () => (this.#isUsed = true));
  }

  #assertFree(): void {
    if (this.#isUsed) throw new TypeError("The body has been read already");
    if (this.#stream?.locked === true) throw new TypeError("The body is locked by a reader");
  }

  /** @internal The bytes for a copy. @throws TypeError it has been read, or comes in parts */
  protected copyBytes(): Uint8Array | undefined {
    this.#assertFree();
    if (this.#isInParts)
      throw new TypeError("A body that comes in parts cannot be copied: read it first");
    return this.#bytes;
  }

  /** The body in parts; `null` where there is none. Reading it uses the body. */
  get body(): PartStream | null {
    if (this.#stream === undefined && this.#bytes !== undefined) {
      this.#stream = this.#streamOf(onePart(this.#bytes));
    }
    return this.#stream ?? null;
  }

  get bodyUsed(): boolean {
    return this.#isUsed;
  }

  async #take(): Promise<Uint8Array> {
    this.#assertFree();
    if (this.#isInParts) return await wholeOf(this.#stream!);
    if (this.#bytes !== undefined) this.#isUsed = true;
    return this.#bytes ?? new Uint8Array(0);
  }

  async bytes(): Promise<Uint8Array> {
    return (await this.#take()).slice();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.#take()).slice().buffer as ArrayBuffer;
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(await this.#take());
  }

  async json(): Promise<unknown> {
    return JSON.parse(new TextDecoder().decode(await this.#take())) as unknown;
  }

  async blob(): Promise<Blob> {
    return new Blob([await this.#take()], { type: this.headers.get("content-type") ?? "" });
  }
}
