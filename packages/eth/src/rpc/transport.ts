/**
 * What the module needs of its host: one HTTP exchange at a time, and web sockets. `@kinode-ts/http` has an implementation
 * that minds proxies.
 * @module
 */

/** Names and values. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface RpcExchange {
  readonly method: string;
  readonly url: URL;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

export interface RpcReply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
}

export interface RpcSocketEvents {
  opened(): void;
  received(type: "Text" | "Binary" | "Ping" | "Pong", payload: Uint8Array): void;
  /** Once; also when it never opened. */
  closed(): void;
}

export interface RpcSocket {
  /** False when it was not taken: the socket is closed, or too much is waiting. */
  send(type: "Text", payload: Uint8Array): boolean;
  /** At once, whatever is on its way. */
  terminate(): void;
}

export interface RpcTransport {
  /**
   * One request and its whole response, of at most `maxBodyBytes`.
   * @throws {Error} nobody answers, or more comes
   */
  exchange(request: RpcExchange, maxBodyBytes: number, signal: AbortSignal): Promise<RpcReply>;
  /** @throws {Error} the connection cannot be made */
  openSocket(url: URL, headers: HeaderList, events: RpcSocketEvents): Promise<RpcSocket>;
  /** Lets go of connections that are kept. */
  close(): void;
}
