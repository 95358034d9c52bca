/**
 * Frames of web sockets as a client reads and writes them. What a server sends is kept only as far as it has arrived and has
 * room, whatever length it announces.
 * Source: RFC 6455 §5.
 * @module
 */
import type { BodyRoom } from "../shared-room.ts";
import type { FrameType } from "./actions.ts";

/** Why a connection ends, as its close frame says it (RFC 6455 §7.4.1). */
export type CloseStatus = 1000 | 1002 | 1007 | 1009 | 1013;

/** A server that breaks the rules, or sends more than there is room for. */
export class FrameError extends Error {
  override name = "FrameError";
  readonly status: CloseStatus;
  constructor(status: CloseStatus, text: string) {
    super(text);
    this.status = status;
  }
}

export interface FrameReaderOptions {
  /** Of one message, all its parts together. */
  readonly maxMessageBytes: number;
  /** For messages that come in more than one piece. Default: as much as they need. */
  readonly room?: BodyRoom | undefined;
  /** A whole message or control frame; its bytes belong to the receiver. */
  readonly received: (type: FrameType, payload: Uint8Array) => void;
}

const CONTINUATION = 0;
const OPCODES: Readonly<Record<FrameType, number>> = {
  Text: 1,
  Binary: 2,
  Close: 8,
  Ping: 9,
  Pong: 10,
};
const TYPES: ReadonlyMap<number, FrameType> = new Map(
  (Object.entries(OPCODES) as [FrameType, number][]).map(([type, opcode]) => [opcode, type]),
);
const FIRST_CONTROL = 8;
const MAX_CONTROL_BYTES = 125;
const LONGEST_HEAD = 10;
const MASK_BYTES = 4;
const WORD_BYTES = 4;
/** So little is not counted: the number of web sockets bounds it. */
const UNCOUNTED_BYTES = 64 * 1024;
const EMPTY = new Uint8Array(0);
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** One frame that begins: what it is, and how many of its bytes are still to come. */
interface Begun {
  readonly opcode: number;
  readonly isFinal: boolean;
  left: number;
}

export class FrameReader {
  readonly #options: FrameReaderOptions;
  readonly #head = new Uint8Array(LONGEST_HEAD);
  #headLength = 0;
  #isDropped = false;
  #frame: Begun | undefined;
  /** Of the message whose parts are put together. */
  #type: FrameType | undefined;
  readonly #message: Pieces;
  readonly #control = new Pieces();

  constructor(options: FrameReaderOptions) {
    this.#options = options;
    this.#message = new Pieces(options.room);
  }

  /** @throws {FrameError} the connection has to end; nothing more may be pushed */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && !this.#isDropped) {
      const frame = this.#frame;
      if (frame === undefined) {
        this.#head[this.#headLength++] = chunk[at++]!;
        if (this.#headLength < headLength(this.#head, this.#headLength)) continue;
        this.#headLength = 0;
        this.#frame = this.#begin();
        if (this.#frame.left === 0) this.#end(this.#frame, EMPTY);
        continue;
      }
      const piece = chunk.subarray(at, at + frame.left);
      at += piece.length;
      frame.left -= piece.length;
      if (frame.left === 0) this.#end(frame, piece);
      else this.#piecesOf(frame).add(piece, frame.left);
    }
  }

  /** Reads no more, and gives back what an unfinished message has taken. */
  drop(): void {
    this.#isDropped = true;
    this.#message.take();
  }

  #begin(): Begun {
    const [first, second] = [this.#head[0]!, this.#head[1]!];
    const [opcode, isFinal] = [first & 0x0f, (first & 0x80) !== 0];
    const left = payloadLength(this.#head);
    if ((first & 0x70) !== 0 || (second & 0x80) !== 0) throw against("reserved bits or a mask");
    if (opcode >= FIRST_CONTROL) {
      if (!isFinal || left > MAX_CONTROL_BYTES) throw against("a control frame in parts");
    } else {
      if ((opcode === CONTINUATION) === (this.#type === undefined)) {
        throw against("a part of no message, or a message within another");
      }
      if (this.#message.length + left > this.#options.maxMessageBytes) {
        throw new FrameError(1009, `a message above ${this.#options.maxMessageBytes} bytes`);
      }
    }
    const type = TYPES.get(opcode);
    if (type === undefined && opcode !== CONTINUATION) throw against(`a frame of kind ${opcode}`);
    if (opcode !== CONTINUATION && opcode < FIRST_CONTROL) this.#type = type;
    return { opcode, isFinal, left };
  }

  #end(frame: Begun, last: Uint8Array): void {
    this.#frame = undefined;
    const pieces = this.#piecesOf(frame);
    if (!frame.isFinal) return pieces.add(last);
    const payload = pieces.take(last);
    const isControl = frame.opcode >= FIRST_CONTROL;
    const type = isControl ? TYPES.get(frame.opcode)! : this.#type!;
    if (!isControl) this.#type = undefined;
    if (type === "Text") assertText(payload);
    this.#options.received(type, payload);
  }

  #piecesOf({ opcode }: Begun): Pieces {
    return opcode >= FIRST_CONTROL ? this.#control : this.#message;
  }
}

/** Bytes that are put together as they come. */
class Pieces {
  readonly #room: BodyRoom | undefined;
  #bytes = EMPTY;
  length = 0;

  constructor(room?: BodyRoom) {
    this.#room = room;
  }

  /** @param left - how many bytes are known to follow */
  add(piece: Uint8Array, left = 0): void {
    const length = this.length + piece.length;
    const capacity = this.#bytes.length;
    // Twice as much each time, but not more than is to come.
    if (length > capacity) this.#grow(Math.max(length, Math.min(2 * capacity, length + left)));
    this.#bytes.set(piece, this.length);
    this.length = length;
  }

  /** All of it and the last piece, owned by the caller. Nothing is left. */
  take(last: Uint8Array = EMPTY): Uint8Array {
    const { length } = this;
    if (length === 0) return last.slice();
    this.add(last);
    const bytes = this.#bytes;
    const whole = bytes.length === this.length ? bytes : bytes.slice(0, this.length);
    this.#bytes = EMPTY;
    this.length = 0;
    this.#room?.release();
    return whole;
  }

  #grow(capacity: number): void {
    const more = capacity - this.#bytes.length;
    if (capacity > UNCOUNTED_BYTES && this.#room?.take(more) === false) {
      throw new FrameError(1013, "the node has no memory for the message now");
    }
    const grown = new Uint8Array(capacity);
    grown.set(this.#bytes.subarray(0, this.length));
    this.#bytes = grown;
  }
}

/** One frame of a client, which masks all it sends. @param mask - 4 random bytes */
export function encodeFrame(type: FrameType, payload: Uint8Array, mask: Uint8Array): Uint8Array {
  const { length } = payload;
  const wide = length < 126 ? 0 : length < 0x1_0000 ? 2 : 8;
  const start = 2 + wide + MASK_BYTES;
  // The payload lies where whole words can be masked.
  const before = (WORD_BYTES - (start % WORD_BYTES)) % WORD_BYTES;
  const buffer = new ArrayBuffer(before + start + length);
  const frame = new Uint8Array(buffer, before);
  const view = new DataView(buffer, before);
  frame[0] = 0x80 | OPCODES[type];
  frame[1] = 0x80 | (wide === 0 ? length : wide === 2 ? 126 : 127);
  if (wide === 2) view.setUint16(2, length);
  else if (wide === 8) view.setBigUint64(2, BigInt(length));
  frame.set(mask, start - MASK_BYTES);
  frame.set(payload, start);
  const words = new Uint32Array(buffer, before + start, Math.floor(length / WORD_BYTES));
  const maskWord = new Uint32Array(mask.slice().buffer)[0]!;
  for (let index = 0; index < words.length; index++) words[index]! ^= maskWord;
  for (let index = words.length * WORD_BYTES; index < length; index++) {
    frame[start + index]! ^= mask[index % MASK_BYTES]!;
  }
  return frame;
}

/** Bytes of the head, as far as those that are there say it. */
function headLength(head: Uint8Array, known: number): number {
  const short = known < 2 ? 0 : head[1]! & 0x7f;
  if (short < 126) return 2;
  return short === 126 ? 4 : LONGEST_HEAD;
}

function payloadLength(head: Uint8Array): number {
  const short = head[1]! & 0x7f;
  if (short < 126) return short;
  const view = new DataView(head.buffer);
  // Rounded above 2^53, which is too much in any case.
  return short === 126 ? view.getUint16(2) : Number(view.getBigUint64(2));
}

function against(what: string): FrameError {
  return new FrameError(1002, `against the protocol: ${what}`);
}

function assertText(payload: Uint8Array): void {
  try {
    strictDecoder.decode(payload);
  } catch {
    throw new FrameError(1007, "a text that is not UTF-8");
  }
}
