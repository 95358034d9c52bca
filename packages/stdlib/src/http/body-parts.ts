/**
 * Bodies in parts: reading those of requests, writing those of answers.
 * Source: packages/types/src/body-stream.ts.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import { dispatcher } from "../current.ts";
import type { Fail } from "../module-answer.ts";
import { askModule, hasForm, payloadOf } from "../module-answer.ts";
import { encodeUtf8 } from "../utf8.ts";
import { HTTP_SERVER } from "./wire.ts";

const WIRE_CODES = ["UnknownStream", "StreamClosed"] as const;

/** `Timeout`: the server did not answer; `Refused`: it gave another error, or no answer to what was asked. */
export type BodyErrorCode = (typeof WIRE_CODES)[number] | "Timeout" | "Refused";

type BodyFault = { readonly code: BodyErrorCode; readonly what: string };

/** A body that broke off: the other side went away, or was too slow. */
export class BodyError extends KinodeError<BodyFault> {
  override name = "BodyError";
  constructor(code: BodyErrorCode, what: string, cause?: unknown) {
    super({ code, what }, `The body could not be ${what}: ${code}`, { cause });
  }
}

/** The server itself ends streams that stand still; this only bounds what it does not know about. */
const READ_TIMEOUT = "1h";
const WRITE_TIMEOUT = "5m";
/** A process keeps this much of one part in flight; larger ones are cut. */
const MAX_PART_BYTES = 1024 * 1024;

type StreamAction =
  | { readonly BodyRead: { readonly stream: number; readonly max_bytes: number } }
  | { readonly BodyWrite: { readonly stream: number } }
  | { readonly BodyEnd: { readonly stream: number } }
  | { readonly BodyAbort: { readonly stream: number; readonly reading?: boolean } };

/** A body that is being written; the server tells when the client has gone. */
interface Writing {
  isGone: boolean;
  readonly gone: (() => void)[];
}

const writings = new Map<number, Writing>();
let lastStream = 0;

/** A number for the body of an answer, and where to learn that its client has gone. */
export function openBody(): number {
  do lastStream = (lastStream + 1) >>> 0;
  while (writings.has(lastStream));
  writings.set(lastStream, { isGone: false, gone: [] });
  return lastStream;
}

/** The client of a body went away: the server says so. */
export function bodyAborted(stream: number): void {
  const writing = writings.get(stream);
  if (writing === undefined || writing.isGone) return;
  writing.isGone = true;
  for (const tell of writing.gone.splice(0)) tell();
}

/** The parts of a request's body as they arrive. Leaving the loop gives the rest up. */
export async function* readParts(stream: number): AsyncGenerator<Uint8Array, void, undefined> {
  let isOver = false;
  try {
    for (;;) {
      const { isDone, bytes } = await ask(
        { BodyRead: { stream, max_bytes: MAX_PART_BYTES } },
        READ_TIMEOUT,
        "read",
      );
      isOver = isDone;
      if (isOver) return;
      yield bytes;
    }
  } catch (thrown) {
    isOver = thrown instanceof BodyError;
    throw thrown;
  } finally {
    if (!isOver)
      await ask({ BodyAbort: { stream, reading: true } }, "5s", "given up").catch(ignore);
  }
}

/**
 * Writes an answer's body, each part when there is room for it. Not before the answer itself has been sent. Never
 * rejects: what its parts throw is handed to `failed`, and the client sees a broken body.
 */
export async function writeParts(
  stream: number,
  parts: AsyncIterable<Uint8Array | string>,
  failed: (thrown: unknown) => void,
): Promise<void> {
  const iterator = parts[Symbol.asyncIterator]();
  const writing = writings.get(stream)!;
  // A source that waits, for an event that may not come, must not keep its clean-up waiting as well.
  const gone = new Promise<"gone">((resolve) => writing.gone.push(() => resolve("gone")));
  try {
    await dispatcher().drained();
    for (;;) {
      const next = await Promise.race([iterator.next(), gone]);
      if (next === "gone" || writing.isGone) return;
      if (next.done === true) break;
      const bytes = typeof next.value === "string" ? encodeUtf8(next.value) : next.value;
      await writePart(stream, bytes);
    }
    await ask({ BodyEnd: { stream } }, WRITE_TIMEOUT, "ended");
  } catch (thrown) {
    if (!(thrown instanceof BodyError)) failed(thrown);
    await ask({ BodyAbort: { stream } }, "5s", "given up").catch(ignore);
  } finally {
    writings.delete(stream);
    void Promise.resolve(iterator.return?.()).catch(ignore);
  }
}

async function writePart(stream: number, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; at += MAX_PART_BYTES) {
    const part = bytes.subarray(at, at + MAX_PART_BYTES);
    await ask({ BodyWrite: { stream } }, WRITE_TIMEOUT, "written", part);
  }
}

interface StreamAnswer {
  readonly isDone: boolean;
  readonly bytes: Uint8Array;
}

async function ask(
  action: StreamAction,
  timeout: "5s" | "5m" | "1h",
  what: string,
  part?: Uint8Array,
): Promise<StreamAnswer> {
  const fail: Fail<BodyErrorCode> = (code, _detail, cause) => {
    const own = code === "SendError" ? "Timeout" : code === "UnexpectedAnswer" ? "Refused" : code;
    return new BodyError(own, what, cause);
  };
  const options = { timeout, blob: part };
  const { value, message } = await askModule(HTTP_SERVER, action, options, WIRE_CODES, fail);
  const isRead = "BodyRead" in action;
  const ok = payloadOf(value, "Ok", isRead ? isChunk : isAnything, fail);
  const isDone = isRead && isChunk(ok) && ok.BodyChunk.done;
  return { isDone, bytes: message.blob()?.bytes ?? new Uint8Array(0) };
}

const isChunk = hasForm<{ BodyChunk: { done: boolean } }>({
  BodyChunk: hasForm<{ done: boolean }>({ done: (value) => typeof value === "boolean" }),
});
const isAnything = (_value: unknown): _value is unknown => true;

function ignore(): void {}
