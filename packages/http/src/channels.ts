/**
 * Open web sockets: which process each belongs to, and what it is told about them.
 * Source: spec/runtime-modules.md §6.8 and §6.9.
 * @module
 */
import { encodeExtensionFrame } from "@kinode-ts/codec";
import type {
  Address,
  Clock,
  KernelMessage,
  LazyLoadBlob,
  ModuleContext,
  ProcessId,
  Random,
  U64,
} from "@kinode-ts/types";
import type { FrameType, HttpErrorName, ReplyType } from "./actions.ts";
import { EndNotices } from "./end-notices.ts";
import { readExtensionFrame } from "./extension-frames.ts";
import { type BodyRoom, SharedRoom } from "./shared-room.ts";

/** One connection, as the host provides it. */
export interface Socket {
  /** False when it was not taken: the socket is closed, or too much is waiting. */
  send(type: Exclude<FrameType, "Close">, payload: Uint8Array): boolean;
  close(code: number, reason: string): void;
  /** Bytes that the client has not taken yet. */
  readonly waitingBytes: number;
}

/** A socket that was let in and is about to open. */
export interface Channel {
  readonly id: number;
  readonly app: Address;
  readonly extension: boolean;
  /** Path as the app sees it, with a leading slash. */
  readonly path: string;
  readonly place: BodyRoom;
  socket: Socket | undefined;
}

export interface ChannelSeed {
  readonly app: Address;
  readonly extension: boolean;
  readonly path: string;
  /** The network of somebody elsewhere who is not logged in. */
  readonly stranger: string | undefined;
}

const encoder = new TextEncoder();
const text = (bytes: Uint8Array): Uint8Array => encoder.encode(new TextDecoder().decode(bytes));

const CLOSE_NORMAL = 1000;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_OVERFLOW = 1013;
const MAX_CONTROL_PAYLOAD_BYTES = 125;

export class Channels {
  readonly #random: Pick<Random, "bytes">;
  readonly #maxWaitingBytes: number;
  /** Half of the places are for strangers of whom there are few. */
  readonly #places: SharedRoom<string>;
  /** Channels whose clients did not take everything at once. */
  readonly #slow = new Set<Channel>();
  readonly #channels = new Map<number, Channel>();
  readonly #send: ModuleContext["send"];
  readonly #ends: EndNotices;
  readonly #respondAs: (target: Address, id: U64, body: Uint8Array, blob: LazyLoadBlob) => void;

  constructor(options: {
    readonly clock: Pick<Clock, "after">;
    readonly random: Pick<Random, "bytes">;
    readonly maxCount: number;
    /** Bytes that may wait for all clients together. */
    readonly maxWaitingBytes: number;
    readonly send: ModuleContext["send"];
    readonly respondAs: (target: Address, id: U64, body: Uint8Array, blob: LazyLoadBlob) => void;
  }) {
    this.#random = options.random;
    this.#places = new SharedRoom(options.maxCount);
    this.#maxWaitingBytes = options.maxWaitingBytes;
    this.#send = options.send;
    this.#ends = new EndNotices(options.clock, options.send);
    this.#respondAs = options.respondAs;
  }

  get count(): number {
    return this.#channels.size;
  }

  /** Takes a place for a socket; `undefined` when all are taken, or too many by the same stranger. */
  admit({ stranger, ...seed }: ChannelSeed): Channel | undefined {
    const place = this.#places.open(stranger);
    if (!place.take(1)) return undefined;
    const channel: Channel = { ...seed, id: this.#freshId(), place, socket: undefined };
    this.#channels.set(channel.id, channel);
    return channel;
  }

  /** Gives the place back, for one that never opened or has ended. Returns whether it had one. */
  dismiss(channel: Channel): boolean {
    channel.place.release();
    this.#slow.delete(channel);
    return this.#channels.delete(channel.id);
  }

  opened(channel: Channel, socket: Socket): void {
    channel.socket = socket;
    this.#tell(channel, { WebSocketOpen: { path: channel.path, channel_id: channel.id } });
  }

  received(channel: Channel, type: Exclude<FrameType, "Close">, bytes: Uint8Array): void {
    if (!this.#channels.has(channel.id)) return;
    const isFrame = channel.extension && type === "Binary";
    const frame = isFrame ? readExtensionFrame(bytes) : "content";
    if (frame === "action") return;
    if (frame === "content") return this.#tell(channel, pushJson(channel.id, type), bytes);
    const body = encodeJson(pushJson(channel.id, "Binary"));
    const blob = { mime: undefined, bytes: frame.blob };
    if (frame.type === "Response") this.#respondAs(channel.app, frame.id, body, blob);
    else this.#send({ target: channel.app, body, blob, id: frame.id });
  }

  /** @param reason - of the close frame; `undefined` when the connection ended without one */
  gone(channel: Channel, reason: Uint8Array | undefined): void {
    if (channel.socket === undefined) return;
    channel.socket = undefined;
    const wasOpen = this.dismiss(channel);
    if (wasOpen && reason !== undefined) {
      this.#tell(channel, pushJson(channel.id, "Close"), reason);
    }
    this.#ends.tell(channel.app, encodeJson({ WebSocketClose: channel.id }));
  }

  /**
   * An app had no room for what it was told. Nobody would ever know of a frame that is missing, so the channel ends: the
   * client is told to come again later, the app when the connection has ended.
   */
  undelivered(message: KernelMessage): void {
    if (this.#ends.undelivered(message)) return;
    const channel = this.#channels.get(channelIn(message.message.body) ?? -1);
    if (channel?.app.process === message.target.process) this.#close(channel, CLOSE_OVERFLOW);
  }

  /** @returns what went wrong, or `undefined` */
  push(
    source: ProcessId,
    id: number,
    type: FrameType,
    blob: LazyLoadBlob | undefined,
  ): HttpErrorName | undefined {
    if (blob === undefined) return "NoBlob";
    if ((type === "Ping" || type === "Pong") && blob.bytes.length > MAX_CONTROL_PAYLOAD_BYTES) {
      return "WsPingPongTooLong";
    }
    const channel = this.#own(source, id);
    if (channel === undefined) return "WsChannelNotFound";
    if (type === "Close") {
      this.#close(channel, CLOSE_NORMAL);
      return undefined;
    }
    return this.#transmit(channel, type, type === "Text" ? text(blob.bytes) : blob.bytes);
  }

  /** @param requestId - of the push: the extension's `Response` answers it */
  pushToExtension(
    source: ProcessId,
    id: number,
    frame: { readonly type: FrameType; readonly replyType: ReplyType; readonly requestId: U64 },
    blob: LazyLoadBlob | undefined,
  ): HttpErrorName | undefined {
    if (blob === undefined || frame.type !== "Binary") return "NoBlob";
    const channel = this.#own(source, id);
    if (channel === undefined) return "WsChannelNotFound";
    const payload = { id: frame.requestId, type: frame.replyType, blob: blob.bytes };
    return this.#transmit(channel, "Binary", encodeExtensionFrame(payload));
  }

  /** An unknown id is fine, somebody else's is not. */
  close(source: ProcessId, id: number): HttpErrorName | undefined {
    const channel = this.#channels.get(id);
    if (channel === undefined) return undefined;
    if (channel.app.process !== source) return "WsChannelNotFound";
    this.#close(channel, CLOSE_NORMAL);
    return undefined;
  }

  /** Closes the sockets of a process that has ended; there is nobody to tell. */
  closeAllOf(process: ProcessId): void {
    for (const channel of [...this.#channels.values()]) {
      if (channel.app.process === process) this.#drop(channel, CLOSE_GOING_AWAY);
    }
    this.#ends.dropProcess(process);
  }

  closeAll(): void {
    for (const channel of [...this.#channels.values()]) this.#drop(channel, CLOSE_GOING_AWAY);
    this.#ends.dropAll();
  }

  #own(source: ProcessId, id: number): Channel | undefined {
    const channel = this.#channels.get(id);
    return channel?.app.process === source && channel.socket !== undefined ? channel : undefined;
  }

  /** A client that does not read loses its channel: nobody waits for it (§6.11 row 4). */
  #transmit(
    channel: Channel,
    type: Exclude<FrameType, "Close">,
    payload: Uint8Array,
  ): HttpErrorName | undefined {
    if (!channel.socket!.send(type, payload)) {
      this.#close(channel, CLOSE_OVERFLOW);
      return "WsChannelNotFound";
    }
    if (channel.socket!.waitingBytes === 0) return undefined;
    this.#slow.add(channel);
    this.#endSlowest();
    return this.#channels.has(channel.id) ? undefined : "WsChannelNotFound";
  }

  /** Clients that do not read share one bound: those for whom most is kept lose their channels. */
  #endSlowest(): void {
    for (const channel of this.#slow) {
      if (channel.socket!.waitingBytes === 0) this.#slow.delete(channel);
    }
    const waiting = [...this.#slow].toSorted(
      (a, b) => a.socket!.waitingBytes - b.socket!.waitingBytes,
    );
    let bytes = waiting.reduce((sum, { socket }) => sum + socket!.waitingBytes, 0);
    while (bytes > this.#maxWaitingBytes) {
      const slowest = waiting.pop()!;
      bytes -= slowest.socket!.waitingBytes;
      this.#close(slowest, CLOSE_OVERFLOW);
    }
  }

  /** The place is free at once; the app is told when the connection has ended. */
  #close(channel: Channel, code: number): void {
    this.dismiss(channel);
    channel.socket?.close(code, "");
  }

  #drop(channel: Channel, code: number): void {
    const { socket } = channel;
    channel.socket = undefined;
    this.dismiss(channel);
    socket?.close(code, "");
  }

  #tell(channel: Channel, json: unknown, bytes?: Uint8Array): void {
    const blob = bytes === undefined ? undefined : { mime: undefined, bytes };
    this.#send({ target: channel.app, body: encodeJson(json), blob });
  }

  #freshId(): number {
    for (;;) {
      const bytes = this.#random.bytes(4);
      const id = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
      if (!this.#channels.has(id)) return id;
    }
  }
}

function pushJson(id: number, type: FrameType): unknown {
  return { WebSocketPush: { channel_id: id, message_type: type } };
}

/** The channel that a message to an app is about, of those that `pushJson` and `opened` make. */
function channelIn(body: Uint8Array): number | undefined {
  try {
    const json = JSON.parse(new TextDecoder().decode(body)) as AboutChannel | null;
    return (json?.WebSocketPush ?? json?.WebSocketOpen)?.channel_id;
  } catch {
    // Something else that the module sent: an injected message.
    return undefined;
  }
}

interface AboutChannel {
  readonly WebSocketPush?: { readonly channel_id: number };
  readonly WebSocketOpen?: { readonly channel_id: number };
}

function encodeJson(json: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(json));
}
