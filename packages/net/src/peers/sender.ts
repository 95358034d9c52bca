/**
 * From the outbox to the socket: whose turn it is, encoded, sealed, and handed over a little at a time, so that the queue is
 * ours and not the socket's. Small messages of one moment leave in one write.
 * Source: spec/network-identity.md §1.5, §1.10, §6.1.
 * @module
 */
import { CodecError, encodeKernelMessage } from "@kinode-ts/codec";
import type { Clock } from "@kinode-ts/types";
import type { Framing } from "../framing/framing.ts";
import { LARGE_CHUNK_BYTES } from "../framing/limits.ts";
import { cutPart, MAX_STREAM_BYTES, MAX_STREAMS, PART_BYTES, PARTS } from "../framing/parts.ts";
import { RESUME, type Word, wordBytes } from "../framing/words.ts";
import type { Session } from "../handshake.ts";
import { FEATURE_BIN } from "../handshake-extension.ts";
import { joinBytes } from "../join-bytes.ts";
import type { Socket } from "../transport.ts";
import type { Outbox } from "./outbox.ts";
import type { OutgoingMessage } from "./outgoing.ts";
import { NOTHING_UNREAD, Unread, type UnreadRest } from "./unread.ts";

/** Small messages are joined up to here; about what the system takes at once. */
const BATCH_BYTES = 64 * 1024;
/** Share of what may be unconfirmed at which more is sent again: much at once, not a message for each confirmation. */
const GO_ON_BELOW = 0.75;
/** Bytes sealed before the event loop turns: others of this node want their time, too. */
const TURN_BYTES = 512 * 1024;

/** A message that nothing may come between, partly sealed. */
interface Whole {
  readonly item: OutgoingMessage;
  readonly bytes: Uint8Array;
  readonly chunkCount: number;
  nextChunk: number;
}

/** A message that is sent in parts. */
interface Stream {
  readonly number: number;
  readonly bytes: Uint8Array;
  at: number;
}

/** A piece on its way to the socket; without bytes it is still being sealed. */
interface Piece {
  readonly size: number;
  readonly isMessage: boolean;
  bytes: readonly Uint8Array[] | undefined;
}

/** What a sender leaves behind, in order: first what may have arrived, then what certainly has not. */
export interface Left {
  readonly unread: UnreadRest;
  readonly unsent: OutgoingMessage[];
}

export interface SenderOptions {
  readonly session: Session;
  readonly socket: Socket;
  readonly framing: Framing;
  readonly outbox: Outbox<OutgoingMessage>;
  readonly clock: Clock;
  /** Nothing more is sealed while the socket holds more: what is sealed cannot be overtaken. */
  readonly maxSocketBytes: number;
  /** No further message is begun while the peer has not confirmed more: all of it is kept for another connection. */
  readonly maxUnreadBytes: number;
  readonly maxUnreadCount: number;
  /** Something was handed over: a message or a part of one, or only words about the connection. */
  readonly sent: (isMessage: boolean) => void;
  /** A message that no peer would take; it is left out. */
  readonly unsendable: (item: OutgoingMessage, error: CodecError) => void;
}

export class Sender {
  readonly #options: SenderOptions;
  readonly #bytesAs: "bin" | "integers";
  readonly #inParts: boolean;
  /** The peer says what it has read. */
  readonly #isConfirmed: boolean;
  #whole: Whole | undefined;
  readonly #streams = new Map<OutgoingMessage, Stream>();
  #streamBytes = 0;
  #nextStream = 0;
  /** In the order of their nonces. */
  readonly #queue: Piece[] = [];
  #queueBytes = 0;
  /** Bytes handed over and in the queue. */
  #total = 0;
  readonly #unread = new Unread();
  #isFull = false;
  readonly #words: Word[] = [];
  #isScheduled = false;
  #isStopped = false;
  #isRetired = false;

  constructor(options: SenderOptions) {
    this.#options = options;
    const { features } = options.session;
    this.#bytesAs = features.has(FEATURE_BIN) ? "bin" : "integers";
    this.#inParts = features.has(PARTS);
    this.#isConfirmed = features.has(RESUME);
  }

  /** Sends what waits when the work of this moment is done, so that its messages go together. */
  schedule(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.pump();
    });
  }

  /** Hands over as much as the socket should hold. */
  pump(): void {
    const start = this.#total;
    let hasMore = true;
    // What was sealed elsewhere makes room only when it is handed over.
    do {
      while (hasMore && this.#hasRoom && this.#total - start < TURN_BYTES) {
        hasMore = this.#step();
        if (this.#queueBytes >= BATCH_BYTES) this.#flush();
      }
    } while (this.#flush() && hasMore && this.#hasRoom && this.#total - start < TURN_BYTES);
    this.#forgetWritten();
    if (hasMore && this.#hasRoom) this.#pumpNextTurn();
  }

  get #hasRoom(): boolean {
    const { socket, maxSocketBytes } = this.#options;
    return !this.#isStopped && socket.waitingBytes + this.#queueBytes < maxSocketBytes;
  }

  #pumpNextTurn(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.clock.afterTurn(() => {
      this.#isScheduled = false;
      this.pump();
    });
  }

  /** Whether anything was handed over. */
  get hasSent(): boolean {
    return this.#total > 0;
  }

  /** Whether the peer has confirmed anything. */
  get wasRead(): boolean {
    return this.#isConfirmed && this.#unread.first > 0;
  }

  /** Whether the peer has to confirm something. */
  get hasUnread(): boolean {
    return this.#isConfirmed && this.#unread.count > 0;
  }

  /**
   * The peer has read so many messages of this connection.
   * @throws {NetError} `net.bad-frame`: so many were not sent
   */
  confirmed(count: number): void {
    this.#unread.confirm(count);
    if (!this.#isFull || this.#isBeyond(GO_ON_BELOW)) return;
    this.#isFull = false;
    this.pump();
  }

  #isBeyond(share: number): boolean {
    const { maxUnreadBytes, maxUnreadCount } = this.#options;
    const { byteLength, count } = this.#unread;
    return byteLength >= share * maxUnreadBytes || count >= share * maxUnreadCount;
  }

  /** Whether the peer has to confirm something before more is begun. */
  #mustWait(): boolean {
    this.#isFull ||= this.#isConfirmed && this.#isBeyond(1);
    return this.#isFull;
  }

  /** Says something about the connection, after what is under way and before all that waits. */
  say(word: Word): void {
    this.#words.push(word);
    this.schedule();
  }

  /** Says something before the end, if nothing is under way that it would come between. */
  sayLast(word: Word): void {
    if (this.#whole !== undefined || this.#isStopped) return;
    this.#seal(wordBytes(word), 0, false);
    this.#flush();
  }

  /**
   * From now on takes nothing out of the outbox; a message that nothing may come between is sent to its end.
   * @returns messages that the other side cannot have, in order
   */
  retire(): OutgoingMessage[] {
    this.#isRetired = true;
    this.#streams.clear();
    return this.#options.outbox.drain();
  }

  /**
   * Ends it: nothing more is handed over.
   * @param isBroken - the socket ended by itself: what it still held has not left
   */
  stop(isBroken: boolean): Left {
    this.#isStopped = true;
    const { socket, outbox } = this.#options;
    const whole = this.#whole === undefined ? [] : [this.#whole.item];
    this.#words.length = 0;
    this.#streams.clear();
    const waiting = [...whole, ...outbox.drain()];
    if (this.#isConfirmed && isBroken) return { unread: this.#unread.takeRest(), unsent: waiting };
    const left = this.#total - this.#queueBytes - (isBroken ? socket.unwrittenBytes : 0);
    return { unread: NOTHING_UNREAD, unsent: [...this.#unread.beyond(left), ...waiting] };
  }

  /** Seals a little of what is next; false when there is nothing. */
  #step(): boolean {
    if (this.#whole !== undefined) {
      this.#stepWhole(this.#whole);
      return true;
    }
    const word = this.#words.shift();
    if (word !== undefined) {
      this.#seal(wordBytes(word), 0, false);
      return true;
    }
    if (this.#isRetired || this.#mustWait()) return false;
    const item = this.#options.outbox.next(this.#inParts ? PART_BYTES : undefined);
    if (item === undefined) return false;
    const stream = this.#streams.get(item);
    if (stream === undefined) this.#begin(item);
    else this.#stepStream(item, stream);
    return true;
  }

  #begin(item: OutgoingMessage): void {
    const { outbox, framing, unsendable } = this.#options;
    let bytes: Uint8Array;
    try {
      bytes = encodeKernelMessage(item.message, { bytesAs: this.#bytesAs });
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      outbox.take();
      unsendable(item, error);
      return;
    }
    if (this.#maySplit(bytes.length)) {
      const stream = { number: this.#nextStream++ >>> 0, bytes, at: 0 };
      this.#streams.set(item, stream);
      this.#streamBytes += bytes.length;
      this.#stepStream(item, stream);
      return;
    }
    outbox.take();
    this.#whole = { item, bytes, chunkCount: framing.chunkCount(bytes.length), nextChunk: 0 };
    this.#stepWhole(this.#whole);
  }

  #maySplit(length: number): boolean {
    return (
      this.#inParts &&
      length > PART_BYTES &&
      this.#streams.size < MAX_STREAMS &&
      this.#streamBytes + length <= MAX_STREAM_BYTES
    );
  }

  #stepWhole(whole: Whole): void {
    const { bytes, chunkCount, nextChunk } = whole;
    this.#seal(bytes, nextChunk);
    whole.nextChunk += 1;
    if (whole.nextChunk < chunkCount) return;
    this.#whole = undefined;
    this.#finished(whole.item);
  }

  #stepStream(item: OutgoingMessage, stream: Stream): void {
    const { outbox } = this.#options;
    this.#seal(cutPart(stream.bytes, stream.at, stream.number), 0);
    stream.at += PART_BYTES;
    if (stream.at < stream.bytes.length) {
      outbox.spend(PART_BYTES);
      return;
    }
    this.#streams.delete(item);
    this.#streamBytes -= stream.bytes.length;
    outbox.take();
    this.#finished(item);
  }

  /** Seals chunk `index` of a message, here or on another thread; its place in the order is taken now. */
  #seal(message: Uint8Array, index: number, isMessage = true): void {
    const { framing, session, socket } = this.#options;
    const size = framing.sealedBytes(message.length, index);
    const piece: Piece = { size, isMessage, bytes: undefined };
    this.#queue.push(piece);
    this.#queueBytes += size;
    this.#total += size;
    if (socket.mayTakeTime !== true || size < LARGE_CHUNK_BYTES) {
      piece.bytes = framing.sealChunks(session.send, message, index, 1);
      return;
    }
    void framing.sealChunkLater(session.send, message, index).then((bytes) => {
      piece.bytes = bytes;
      if (this.#queue[0] === piece) this.pump();
    });
  }

  #finished(item: OutgoingMessage): void {
    this.#unread.push(item, this.#total);
  }

  /** Hands over what is sealed, up to the first piece that is not; false when there is nothing. */
  #flush(): boolean {
    if (this.#isStopped) return false;
    const batch: Uint8Array[] = [];
    let isMessage = false;
    for (let piece = this.#queue[0]; piece?.bytes !== undefined; piece = this.#queue[0]) {
      batch.push(...piece.bytes);
      isMessage ||= piece.isMessage;
      this.#queueBytes -= piece.size;
      this.#queue.shift();
    }
    if (batch.length === 0) return false;
    const { socket, sent } = this.#options;
    if (socket.protocol === "ws") for (const frame of batch) socket.send(frame);
    else socket.send(batch.length === 1 ? batch[0]! : joinBytes(...batch));
    sent(isMessage);
    return true;
  }

  /** Messages that the system has taken are no longer ours, where nobody says what arrives. */
  #forgetWritten(): void {
    if (this.#isConfirmed) return;
    this.#unread.forget(this.#total - this.#queueBytes - this.#options.socket.unwrittenBytes);
  }
}
