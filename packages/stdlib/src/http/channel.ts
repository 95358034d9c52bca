/**
 * One open web socket.
 * @module
 */
import { json } from "../body.ts";
import type { WsMessageType } from "./wire.ts";
import { HttpServerError, sendWsPush, serverRequest } from "./wire.ts";

/** One open web socket of a visitor. */
export class Channel {
  readonly id: number;
  /** The path it was opened at, below this process. */
  readonly path: string;
  isOpen = true;

  constructor(id: number, path: string) {
    this.id = id;
    this.path = path;
  }

  /** Text goes as a text frame, bytes as a binary one, anything else as JSON text. */
  async send(data: Uint8Array | string | object): Promise<void> {
    if (!this.isOpen) return;
    const type: WsMessageType = data instanceof Uint8Array ? "Binary" : "Text";
    const content = typeof data === "string" || data instanceof Uint8Array ? data : json(data);
    await sendWsPush(this.id, type, content);
  }

  /** Rejects with an `HttpServerError` when the server does not answer. Closed from the other side meanwhile is as good. */
  async close(): Promise<void> {
    if (!this.isOpen) return;
    this.isOpen = false;
    const what = `close the web socket ${this.id}`;
    await serverRequest({ WebSocketClose: this.id }, what, { timeout: "5s" }).catch(
      (thrown: unknown) => {
        const isGone = thrown instanceof HttpServerError && thrown.code === "WsChannelNotFound";
        if (!isGone) throw thrown;
      },
    );
  }
}
