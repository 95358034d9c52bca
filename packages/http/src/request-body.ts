/**
 * Bodies of requests within the bounds of the path that they are sent to.
 * @module
 */

const TOO_LARGE = "The body is larger than its path allows";

/** The declared size; `undefined` when it is not said beforehand. */
export function declaredLength(headers: Headers): number | undefined {
  const length = headers.get("content-length");
  return length === null ? undefined : Number(length);
}

/** The whole body; one of unknown size is read until it is too large, no further. */
export async function readBody(
  request: Request,
  maxBytes: number,
): Promise<Uint8Array | "too-large" | "broken"> {
  try {
    if (request.body === null) return new Uint8Array(0);
    if (declaredLength(request.headers) !== undefined) return await request.bytes();
    let isTooLarge = false;
    const body = limitBody(request.body, maxBytes, () => {
      isTooLarge = true;
    });
    const bytes = await new Response(body).bytes().catch(() => undefined);
    if (isTooLarge) return "too-large";
    return bytes ?? "broken";
  } catch {
    return "broken";
  }
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
