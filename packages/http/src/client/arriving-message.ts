/**
 * How much of a web socket's message has arrived that is not whole yet, and the memory that is taken for it. The library that
 * puts messages together tells only of whole ones, so this counts what comes on the connection.
 * @module
 */
import type { BodyRoom } from "../shared-room.ts";

/** So little is not counted: the number of web sockets bounds it. */
const UNCOUNTED_BYTES = 64 * 1024;
/** What a piece takes beside its bytes while it is kept (measured: 400). */
const PIECE_BYTES = 512;

export class ArrivingMessage {
  readonly #room: BodyRoom | undefined;
  /** Never less than what has come of the message. */
  #bytes = 0;
  #pieces = 0;
  #taken = 0;
  #isWhole = false;

  /** @param room - Default: as much as it needs */
  constructor(room: BodyRoom | undefined) {
    this.#room = room;
  }

  /** A ping or pong was read from the piece that has come; it is no part of the message. */
  control(length: number): void {
    this.#bytes -= headLength(length) + length;
  }

  /** The message was read to its end. */
  whole(length: number): void {
    this.#bytes -= headLength(length) + length;
    this.#isWhole = true;
  }

  /** A piece has come, and all that is whole in it was read. @returns whether there is room for the rest */
  came(length: number): boolean {
    this.#bytes += length;
    this.#pieces++;
    if (this.#isWhole) {
      // At most this piece is left. Heads of parts that were not seen may be counted with it.
      this.#bytes = Math.max(0, Math.min(this.#bytes, length));
      this.#pieces = 1;
      this.#isWhole = false;
      this.release();
    }
    const needed = this.#bytes + this.#pieces * PIECE_BYTES;
    if (needed <= UNCOUNTED_BYTES || needed <= this.#taken) return true;
    if (this.#room?.take(needed - this.#taken) === false) return false;
    this.#taken = needed;
    return true;
  }

  /** Gives back what was taken. */
  release(): void {
    this.#taken = 0;
    this.#room?.release();
  }
}

/** The shortest head of a server's frame. Source: RFC 6455 §5.2. */
function headLength(payloadLength: number): number {
  if (payloadLength < 126) return 2;
  return payloadLength < 0x1_0000 ? 4 : 10;
}
