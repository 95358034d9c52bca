/**
 * What the HTTP client needs of its host: one exchange at a time, and web sockets. Implementations refuse addresses that apps
 * may not reach, also when a name leads there.
 * @module
 */
import type { FrameType, HeaderList } from "./actions.ts";
import type { BodyRoom } from "../shared-room.ts";
import type { HttpRequest } from "./redirects.ts";

export interface HttpReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

/** A response whose body comes when it is read. */
export interface HttpHead {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: ReadableStream<Uint8Array>;
  /** Settles when the connection is no longer used for it: all was read, given up or broken. */
  readonly ended: Promise<void>;
}

export interface SocketEvents {
  opened(): void;
  received(type: Exclude<FrameType, "Close">, payload: Uint8Array): void;
  /** Once; also when it never opened. */
  closed(): void;
}

export interface ClientSocket {
  /** False when it was not taken: the socket is closed, or too much is waiting. */
  send(type: Exclude<FrameType, "Close">, payload: Uint8Array): boolean;
  /** With a close frame; `closed` follows. */
  close(): void;
  /** At once, whatever is on its way. */
  terminate(): void;
}

export interface HttpTransport {
  /**
   * One request and its whole response; redirects are not followed.
   * @param room - memory for the body while it arrives. Default: as much as it needs
   * @throws {Error} with a text for the app
   */
  exchange(
    request: HttpRequest,
    maxBodyBytes: number,
    signal: AbortSignal,
    room?: Pick<BodyRoom, "take">,
  ): Promise<HttpReply>;
  /**
   * One request and the head of its response. The signal ends it also later.
   * @throws {Error} with a text for the app
   */
  open(request: HttpRequest, signal: AbortSignal): Promise<HttpHead>;
  /**
   * @param room - memory for messages while they arrive. Default: as much as they need
   * @throws {Error} the address may not be reached, or the request cannot be made
   */
  openSocket(
    url: URL,
    headers: HeaderList,
    events: SocketEvents,
    room?: BodyRoom,
  ): Promise<ClientSocket>;
  /** Lets go of idle connections. */
  close(): void;
}
