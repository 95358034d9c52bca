/**
 * The border between the protocol and the sockets: what drivers give, and what they tell.
 * Source: spec/network-identity.md §1.5; design.md §8.
 * @module
 */
import type { Protocol } from "./identity/known-nodes.ts";

/** An open socket. Its methods never throw; after its end they do nothing. */
export interface Socket {
  readonly protocol: Protocol;
  /** Who is at the other end, for diagnostics: `1.2.3.4:9000`. */
  readonly remote: string;
  /** TCP: bytes in order. Web socket: one Binary frame. */
  send(bytes: Uint8Array): void;
  /** Web socket: an empty Ping. TCP: nothing, the system keeps it alive. */
  ping(): void;
  /** Bytes that were given to `send` and have not left. */
  readonly waitingBytes: number;
  /** Of these, bytes at the end of what was sent that have certainly not left: 0 where that is not known. */
  readonly unwrittenBytes: number;
  /**
   * Whether large pieces may be sealed and opened on other threads. Default: no, everything happens at once, as tests on a virtual
   * clock need it.
   */
  readonly mayTakeTime?: boolean;
  /** Stops reading until `resume`, so that a fast peer waits. */
  pause(): void;
  resume(): void;
  /** What was sent goes out first. */
  close(): void;
  /** Who hears of what arrives; a socket has one listener at a time, and keeps what arrives before the first. */
  listen(events: SocketEvents): void;
}

export interface SocketEvents {
  /** TCP: some bytes. Web socket: one Binary frame. They belong to whoever hears it. */
  received(bytes: Uint8Array): void;
  /** Web socket: a Ping has come, and was answered. */
  pinged?(): void;
  /** `waitingBytes` has fallen below the driver's mark. */
  drained?(): void;
  /** Once, whoever ended it. */
  closed(): void;
}

export interface Listening {
  readonly port: number;
  stop(): Promise<void>;
}

/** Opens sockets. Implemented for Bun, and in memory for tests. */
export interface Transport {
  /** Settles when the socket is open. @throws {Error} it cannot be opened */
  dial(protocol: Protocol, host: string, port: number): Promise<Socket>;
  /** @throws {KinodeError} the port is taken */
  listen(protocol: Protocol, port: number, accept: (socket: Socket) => void): Promise<Listening>;
}
