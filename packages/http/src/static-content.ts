/**
 * Content that the server answers by itself: whole, in part, or "you have it already".
 * Source: RFC 9110 §13 (conditions) and §14 (ranges).
 * @module
 */
import { primitives } from "@kinode-ts/crypto";

/** Larger content is told apart by when it was bound, not by what it is: hashing would hold up everybody. */
const MAX_HASHED_BYTES = 4 * 1024 * 1024;

export class StaticContent {
  readonly byteLength: number;
  readonly etag: string;
  readonly #body: Blob;
  readonly #headers: Headers;
  readonly #whole: { readonly status: 200; readonly headers: Headers };

  /** @param unique - a text that no other content of this node ever had */
  constructor(type: string, bytes: Uint8Array, unique: string) {
    this.byteLength = bytes.length;
    const isHashed = bytes.length <= MAX_HASHED_BYTES;
    this.etag = `"${isHashed ? primitives.sha256(bytes).subarray(0, 16).toHex() : unique}"`;
    // A Blob is sent from where it lies; an array would be copied for each answer.
    this.#body = new Blob([bytes as Uint8Array<ArrayBuffer>]);
    this.#headers = new Headers({
      "content-type": type,
      etag: this.etag,
      "accept-ranges": "bytes",
    });
    this.#whole = { status: 200, headers: this.#headers };
  }

  /** Answers GET and HEAD. */
  answer(request: Request): Response {
    const { headers } = request;
    if (matches(headers.get("if-none-match"), this.etag)) {
      return new Response(null, { status: 304, headers: { etag: this.etag } });
    }
    const wanted = headers.get("range");
    if (wanted === null || request.method !== "GET" || !this.#isCurrent(headers)) {
      return new Response(this.#body, this.#whole);
    }
    const range = readRange(wanted, this.byteLength);
    if (range === "whole") return new Response(this.#body, this.#whole);
    if (range === "outside") {
      const size = `bytes */${this.byteLength}`;
      return new Response(null, { status: 416, headers: { "content-range": size } });
    }
    const [first, last] = range;
    const part = new Headers(this.#headers);
    part.set("content-range", `bytes ${first}-${last}/${this.byteLength}`);
    return new Response(this.#body.slice(first, last + 1), { status: 206, headers: part });
  }

  /** `If-Range`: a part is of use only with the rest of the same content. A date never proves that. */
  #isCurrent(headers: Headers): boolean {
    const condition = headers.get("if-range");
    return condition === null || condition === this.etag;
  }
}

/** Whether an `If-None-Match` names this content; weak tags count (RFC 9110 §13.1.2). */
export function matches(condition: string | null, etag: string): boolean {
  if (condition === null) return false;
  if (condition.trim() === "*") return true;
  return condition.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}

/**
 * First and last byte of a `Range` with one range; several, other units and bad syntax are answered whole.
 * @param size - of the content in bytes
 */
export function readRange(
  value: string,
  size: number,
): readonly [first: number, last: number] | "whole" | "outside" {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(value.replaceAll(/[ \t]/g, ""));
  const [, from = "", to = ""] = match ?? [];
  if (match === null || (from === "" && to === "")) return "whole";
  if (from === "") {
    const count = Math.min(Number(to), size);
    return count === 0 ? "outside" : [size - count, size - 1];
  }
  const first = Number(from);
  const last = to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== "" && Number(to) < first) return "whole";
  return first >= size ? "outside" : [first, last];
}
