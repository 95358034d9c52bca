/**
 * What our nodes say about a connection itself, between messages (`PARTS` and `RESUME` among the features of a session):
 *
 *     c1  2                  nothing more comes on it from this side: another connection serves
 *     c1  4                  all that came before a 2 was read, so that what is sent on the other one cannot overtake it
 *     c1  8   count[6]       so many messages of this connection were read
 *     c1  16                 say how many you have read: whether anybody is there
 *     c1  32  tag[8] count[6]  of the earlier connection `tag` so many were read, and no more will be; all ones: it is not known
 *
 * Numbers are big endian. No message begins with `c1`: MessagePack does not use it; a part has 0 or 1 behind it (`parts.ts`).
 * Source: ours; spec/network-identity.md §6.1 allows it.
 * @module
 */

/** Name of the feature: it confirms what it has read, and goes on where a broken connection ended. */
export const RESUME = "resume";
/** First byte of what is no message. */
export const MARKER = 0xc1;
const COUNT_BYTES = 6;
/** Bytes of a connection's tag: the beginning of its handshake's hash. */
export const CONNECTION_TAG_BYTES = 8;
const UNKNOWN = 2 ** 48 - 1;
const KINDS = { finish: 2, finished: 4, read: 8, ask: 16, resume: 32 } as const;

export type Word =
  | { readonly kind: "finish" | "finished" | "ask" }
  | { readonly kind: "read"; readonly count: number }
  | {
      readonly kind: "resume";
      /** Hex. */
      readonly tag: string;
      /** `undefined`: the sender knows no such connection. */
      readonly count: number | undefined;
    };

function withCount(bytes: Uint8Array, at: number, count: number): Uint8Array {
  const view = new DataView(bytes.buffer);
  view.setUint16(at, Math.floor(count / 2 ** 32));
  view.setUint32(at + 2, count >>> 0);
  return bytes;
}

function countAt(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return view.getUint16(at) * 2 ** 32 + view.getUint32(at + 2);
}

export function wordBytes(word: Word): Uint8Array {
  const kind = KINDS[word.kind];
  if (word.kind === "read") {
    const bytes = new Uint8Array(2 + COUNT_BYTES);
    bytes.set([MARKER, kind]);
    return withCount(bytes, 2, word.count);
  }
  if (word.kind !== "resume") return Uint8Array.of(MARKER, kind);
  const bytes = new Uint8Array(2 + CONNECTION_TAG_BYTES + COUNT_BYTES);
  bytes.set([MARKER, kind]);
  bytes.set(Uint8Array.fromHex(word.tag), 2);
  return withCount(bytes, 2 + CONNECTION_TAG_BYTES, word.count ?? UNKNOWN);
}

/** The word that a message is, if it is one. */
export function readWord(message: Uint8Array): Word | undefined {
  if (message[0] !== MARKER) return undefined;
  const [kind, length] = [message[1], message.length];
  if (length === 2) {
    if (kind === KINDS.finish) return { kind: "finish" };
    if (kind === KINDS.finished) return { kind: "finished" };
    return kind === KINDS.ask ? { kind: "ask" } : undefined;
  }
  if (kind === KINDS.read && length === 2 + COUNT_BYTES) {
    return { kind: "read", count: countAt(message, 2) };
  }
  if (kind !== KINDS.resume || length !== 2 + CONNECTION_TAG_BYTES + COUNT_BYTES) return undefined;
  const count = countAt(message, 2 + CONNECTION_TAG_BYTES);
  const tag = message.subarray(2, 2 + CONNECTION_TAG_BYTES).toHex();
  return { kind: "resume", tag, count: count === UNKNOWN ? undefined : count };
}
