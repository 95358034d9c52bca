/**
 * Web sockets to other servers: each belongs to a process and has the number that process gave it.
 * Source: spec/runtime-modules.md §7.2.
 * @module
 */
import type {
  Address,
  Clock,
  KernelMessage,
  LazyLoadBlob,
  ModuleContext,
  ProcessId,
  U64,
} from "@kinode-ts/types";
import { EndNotices } from "../end-notices.ts";
import { ClientError } from "./actions.ts";
import type { FrameType } from "./actions.ts";
import type { HttpClientLimits } from "./limits.ts";
import type { ClientSocket, SocketEvents } from "./transport.ts";

/** One connection, from the request that opened it to its end. */
export interface Channel {
  readonly owner: Address;
  readonly channelId: number;
  /** Id of the request that opened it: its events carry it. */
  readonly id: U64;
  socket: ClientSocket | undefined;
  state: "opening" | "open" | "closing" | "closed";
}

type ChannelLimits = Pick<HttpClientLimits, "maxChannelsPerProcess" | "maxChannels">;

const MIME: Readonly<Record<"Text" | "Binary", string>> = {
  Text: "text/plain",
  Binary: "application/octet-stream",
};
/** How long a server may take to answer a close frame. */
const CLOSE_TIMEOUT_MS = 10_000;
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** Channels that are open, by owner and number; those that open or close are known to their process alone. */
export class Channels {
  readonly #clock: Clock;
  readonly #send: ModuleContext["send"];
  readonly #limits: ChannelLimits;
  #count = 0;
  readonly #byProcess = new Map<ProcessId, Set<Channel>>();
  readonly #ends: EndNotices;

  constructor(clock: Clock, send: ModuleContext["send"], limits: ChannelLimits) {
    this.#clock = clock;
    this.#send = send;
    this.#limits = limits;
    this.#ends = new EndNotices(clock, send);
  }

  /** A place for a connection that is about to open; `undefined` when the process, or the node, has too many. */
  admit(owner: Address, channelId: number, id: U64): Channel | undefined {
    const channels = this.#byProcess.get(owner.process) ?? new Set();
    const { maxChannelsPerProcess, maxChannels } = this.#limits;
    if (channels.size >= maxChannelsPerProcess || this.#count >= maxChannels) return undefined;
    this.#byProcess.set(owner.process, channels);
    const channel: Channel = { owner, channelId, id, socket: undefined, state: "opening" };
    channels.add(channel);
    this.#count++;
    return channel;
  }

  /** What the socket of a channel tells, as messages to its process. `ready` is called once, with whether it opened. */
  eventsOf(channel: Channel, ready: (isOpen: boolean) => void): SocketEvents {
    return {
      opened: () => {
        if (channel.state !== "opening") return;
        // the old connection goes without a word: a close event would look like one of the new
        const old = this.#open(channel.owner.process, channel.channelId);
        if (old !== undefined) this.#drop(old);
        channel.state = "open";
        ready(true);
      },
      received: (type, payload) => {
        if (channel.state === "open") this.#tellFrame(channel, type, payload);
      },
      closed: () => {
        const { state } = channel;
        this.forget(channel);
        if (state === "opening") ready(false);
        else if (state !== "closed") this.#tellEnd(channel);
      },
    };
  }

  /** A process had no room for what it was told. Nobody would ever know of a frame that is missing, so the connection ends. */
  undelivered(message: KernelMessage): void {
    if (this.#ends.undelivered(message)) return;
    for (const channel of this.#byProcess.get(message.target.process) ?? []) {
      if (channel.id !== message.id) continue;
      this.#drop(channel);
      this.#tellEnd(channel);
      return;
    }
  }

  #tellEnd(channel: Channel): void {
    const body = encodeJson({ WebSocketClose: this.#idOf(channel) });
    this.#ends.tell(channel.owner, body, channel.id);
  }

  /** Nothing more is told about it. */
  forget(channel: Channel): void {
    channel.state = "closed";
    const channels = this.#byProcess.get(channel.owner.process);
    if (channels?.delete(channel) === true) this.#count--;
    if (channels?.size === 0) this.#byProcess.delete(channel.owner.process);
  }

  /** @throws {ClientError} the channel is not open, or the blob does not fit the type */
  push(owner: ProcessId, channelId: number, type: FrameType, blob: LazyLoadBlob | undefined): void {
    const channel = this.#open(owner, channelId);
    if (channel === undefined) throw unknownChannel(channelId);
    if (type === "Close") {
      this.#close(channel);
      return;
    }
    const isControl = type === "Ping" || type === "Pong";
    if (!isControl && blob === undefined) throw new ClientError("WsPushNoBlob");
    const payload = isControl ? EMPTY : blob!.bytes;
    if (type === "Text") assertText(payload);
    if (channel.socket?.send(type, payload) !== true) throw unknownChannel(channelId);
  }

  /** @throws {ClientError} the channel is not open */
  close(owner: ProcessId, channelId: number): void {
    const channel = this.#open(owner, channelId);
    if (channel === undefined) throw new ClientError({ WsCloseFailed: { channel_id: channelId } });
    this.#close(channel);
  }

  /** Asks the server to close; one that does not answer is left. */
  #close(channel: Channel): void {
    channel.state = "closing";
    channel.socket?.close();
    this.#clock.after(CLOSE_TIMEOUT_MS, () => {
      if (channel.state === "closing") channel.socket?.terminate();
    });
  }

  /** Ends all connections of a process that is gone. */
  dropProcess(process: ProcessId): void {
    for (const channel of [...(this.#byProcess.get(process) ?? [])]) this.#drop(channel);
    this.#ends.dropProcess(process);
  }

  dropAll(): void {
    for (const process of [...this.#byProcess.keys()]) this.dropProcess(process);
    this.#ends.dropAll();
  }

  #drop(channel: Channel): void {
    this.forget(channel);
    channel.socket?.terminate();
  }

  #open(owner: ProcessId, channelId: number): Channel | undefined {
    for (const channel of this.#byProcess.get(owner) ?? []) {
      if (channel.channelId === channelId && channel.state === "open") return channel;
    }
    return undefined;
  }

  #idOf({ channelId }: Channel): { readonly channel_id: number } {
    return { channel_id: channelId };
  }

  #tellFrame(channel: Channel, type: Exclude<FrameType, "Close">, payload: Uint8Array): void {
    const body = { WebSocketPush: { ...this.#idOf(channel), message_type: type } };
    const isData = type === "Text" || type === "Binary";
    this.#tell(channel, body, isData ? { mime: MIME[type], bytes: payload } : undefined);
  }

  #tell({ owner, id }: Channel, body: unknown, blob?: LazyLoadBlob): void {
    this.#send({ target: owner, id, body: encodeJson(body), blob });
  }
}

function encodeJson(json: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(json));
}

function unknownChannel(channelId: number): ClientError {
  return new ClientError({ WsPushUnknownChannel: { channel_id: channelId } });
}

function assertText(payload: Uint8Array): void {
  try {
    strictDecoder.decode(payload);
  } catch {
    throw new ClientError("WsPushBadText");
  }
}
