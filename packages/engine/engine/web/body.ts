/**
 * What `Request` and `Response` have in common: a body that is whole and can be read once.
 * Source: Fetch Standard §5.3 (WHATWG).
 * @module
 */
import { Blob, bytesOfBlob, bytesOfBuffer, encodeForm, FormData } from "./blob.ts";
import type { Headers } from "./headers.ts";

export interface ExtractedBody {
  readonly bytes: Uint8Array;
  /** What `content-type` is to say, unless it says something already. */
  readonly type: string | undefined;
}

const encoder = new TextEncoder();

function isSearchParams(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object URLSearchParams]";
}

/** @throws TypeError a stream: bodies are whole here */
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
    throw new TypeError("Bodies cannot be streams here: read the stream first and pass its bytes");
  }
  return {
    bytes: encoder.encode(`${body as string}`.toWellFormed()),
    type: "text/plain;charset=UTF-8",
  };
}

export abstract class Body {
  abstract readonly headers: Headers;
  #bytes: Uint8Array | undefined;
  #isUsed = false;

  /** @internal */
  protected fill(body: ExtractedBody | undefined): void {
    this.#bytes = body?.bytes;
  }

  /** @internal The bytes for a copy. @throws TypeError it has been read */
  protected copyBytes(): Uint8Array | undefined {
    if (this.#isUsed) throw new TypeError("The body has been read already");
    return this.#bytes;
  }

  /** Always `null`: there are no streams; the other readers give the whole body. */
  get body(): null {
    return null;
  }

  get bodyUsed(): boolean {
    return this.#isUsed;
  }

  #take(): Uint8Array {
    const bytes = this.copyBytes();
    if (bytes !== undefined) this.#isUsed = true;
    return bytes ?? new Uint8Array(0);
  }

  async bytes(): Promise<Uint8Array> {
    return this.#take().slice();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#take().slice().buffer as ArrayBuffer;
  }

  async text(): Promise<string> {
    return new TextDecoder().decode(this.#take());
  }

  async json(): Promise<unknown> {
    return JSON.parse(new TextDecoder().decode(this.#take())) as unknown;
  }

  async blob(): Promise<Blob> {
    return new Blob([this.#take()], { type: this.headers.get("content-type") ?? "" });
  }
}
