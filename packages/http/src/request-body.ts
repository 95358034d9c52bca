/**
 * Bodies of requests within the bounds of the path that they are sent to.
 * @module
 */
import type { BodyRoom } from "./shared-room.ts";

const TOO_LARGE = "The body is larger than its path allows";

/** The declared size; `undefined` when it is not said beforehand. */
export function declaredLength(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  return length === null ? undefined : Number(length);
}

/** So little is not counted: the number of requests bounds it. */
const UNCOUNTED_BYTES = 64 * 1024;

/** The whole body, as far as there is room for it; one that is too large is read no further. */
export async function readBody(
  request: Request,
  maxBytes: number,
  room: Pick<BodyRoom, "take">,
): Promise<Uint8Array | "too-large" | "no-room" | "broken"> {
  try {
    const { body } = request;
    if (body === null) return new Uint8Array(0);
    const length = declaredLength(request.headers);
    if (length !== undefined && length <= UNCOUNTED_BYTES) return await request.bytes();
    return await collect(body.getReader(), maxBytes, room);
  } catch {
    return "broken";
  }
}

async function collect(
  reader: PartReader,
  maxBytes: number,
  room: Pick<BodyRoom, "take">,
): Promise<Uint8Array | "too-large" | "no-room"> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || value === undefined) return joined(parts, length);
    length += value.length;
    const fault = length > maxBytes ? "too-large" : room.take(value.length) ? undefined : "no-room";
    if (fault !== undefined) {
      parts.length = 0;
      reader.cancel().catch(() => {});
      return fault;
    }
    parts.push(value);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * The same request with a body that breaks off behind `maxBytes`; `undefined` when it is declared to be larger.
 * Bodies of a declared size cannot be larger than that.
 */
export function boundRequest(request: Request, maxBytes: number): Request | undefined {
  const length = declaredLength(request.headers);
  if (length !== undefined) return length <= maxBytes ? request : undefined;
  if (request.body === null) return request;
  const { method, headers, signal, url } = request;
  const body = limitBody(request.body, maxBytes, () => {});
  return new Request(url, { method, headers, signal, body, duplex: "half" } as RequestInit);
}

/**
 * The same body, broken off as soon as it is larger than `maxBytes`.
 * @param exceeded - called once when it is
 */
export function limitBody(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  exceeded: () => void,
): ReadableStream<Uint8Array> {
  const reader: PartReader = body.getReader();
  let left = maxBytes;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        if (done || value === undefined) return controller.close();
        left -= value.length;
        if (left >= 0) return controller.enqueue(value);
        exceeded();
        reader.cancel().catch(() => {});
        controller.error(new DOMException(TOO_LARGE, "AbortError"));
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  );
}

/** What is used of a stream's reader: its types in hosts differ in the rest. */
interface PartReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}
