/**
 * The answer to `ReadToString`. Text is checked and made into JSON, which takes its time: of a long one piece by piece, each after
 * a trip to the disk, so that others have their turn.
 * Source: spec/runtime-modules.md §2.2.
 * @module
 */
import type { DiskFile } from "./disk.ts";
import { ioError, ioErrorText, type VfsError } from "./errors.ts";
import type { Handle } from "./handle-cache.ts";
import { replyJson, type VfsReply } from "./replies.ts";

/** What is made into JSON at once. */
export const TEXT_PIECE_BYTES = 256 * 1024;
/** Bytes put together at once. */
const JOINED_BYTES = 8 * 1024 * 1024;

const options = { fatal: true, ignoreBOM: true } as const;
const decoder = new TextDecoder("utf-8", options);
const encoder = new TextEncoder();

const invalid = (): VfsError => ioErrorText("stream did not contain valid UTF-8");

/** @throws {VfsError} `vfs.io`: it is not UTF-8 */
export function textReply(bytes: Uint8Array): VfsReply {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw invalid();
  }
  return replyJson({ ReadToString: text });
}

/**
 * Everything from the cursor on; the cursor is at the end then, also when the text is not valid.
 * @param first - the first `TEXT_PIECE_BYTES` of it
 * @throws {VfsError} `vfs.io`: it is not UTF-8, or has more than `maxBytes`
 */
export async function readLongText(
  handle: Handle,
  first: Uint8Array,
  maxBytes: number,
): Promise<VfsReply> {
  const { file } = handle;
  const start = handle.cursor;
  const size = await file.size();
  if (size - start > maxBytes) throw ioError("EFBIG");
  handle.cursor = Math.max(size, start + first.length);
  const pieces: Uint8Array[] = [encoder.encode('{"ReadToString":"')];
  const stream = new TextDecoder("utf-8", options);
  let piece = first;
  for (let position = start; piece.length > 0;) {
    pieces.push(jsonOf(stream, piece, true));
    position += piece.length;
    const length = Math.min(TEXT_PIECE_BYTES, size - position);
    if (length <= 0) break;
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other
    piece = await file.read(position, length);
  }
  pieces.push(jsonOf(stream, new Uint8Array(0), false), encoder.encode('"}'));
  return { body: await joined(file, pieces), blob: undefined };
}

/** What stands between the quotes. */
function jsonOf(stream: TextDecoder, bytes: Uint8Array, hasMore: boolean): Uint8Array {
  let text: string;
  try {
    text = stream.decode(bytes, { stream: hasMore });
  } catch {
    throw invalid();
  }
  return encoder.encode(JSON.stringify(text).slice(1, -1));
}

async function joined(file: DiskFile, pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  let untilTurn = JOINED_BYTES;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
    if (at < untilTurn) continue;
    untilTurn = at + JOINED_BYTES;
    // For the turn of others alone.
    // oxlint-disable-next-line no-await-in-loop -- one piece after the other
    await file.size();
  }
  return bytes;
}
