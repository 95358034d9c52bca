/**
 * The connection of a terminal in a browser: opens it again when it is lost, and says how much has been drawn.
 * Frames: `ControlTerminalInput` of `@kinode-ts/types`.
 * @module
 */
import { CONTROL_TERMINAL_CLOSE, type ControlTerminalInput } from "@kinode-ts/types";
import { api, ApiError } from "./api.ts";

export type LinkState = "connecting" | "open" | "lost" | "closed";

export interface LinkOptions {
  /** Size of the window in cells. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  /** Text to draw; `drawn` is called when that has happened. */
  readonly draw: (text: string, drawn: () => void) => void;
  /** A new connection: what was drawn before is from another one. */
  readonly restart: () => void;
  readonly changed: (state: LinkState) => void;
}

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 10_000;

export class TerminalLink {
  readonly #options: LinkOptions;
  #socket: WebSocket | undefined;
  #state: LinkState = "connecting";
  #waitMs = FIRST_WAIT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#connect();
  }

  send(input: ControlTerminalInput): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(input));
  }

  /** Tries again at once, e.g. when the person comes back to the page. */
  retry(): void {
    if (this.#state === "lost") this.#connect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#change("closed");
    this.#socket?.close();
  }

  #connect(): void {
    clearTimeout(this.#timer);
    this.#change("connecting");
    const { columns, rows } = this.#options.size();
    const address = new URL(`/~/api/terminal?columns=${columns}&rows=${rows}`, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onopen = () => {
      this.#waitMs = FIRST_WAIT_MS;
      this.#options.restart();
      this.#change("open");
      // The window may have changed while the connection was made.
      this.send(this.#options.size());
    };
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      this.#options.draw(data, () => {
        if (this.#socket === socket) this.send({ read: data.length });
      });
    };
    socket.onclose = ({ code }) => {
      if (this.#socket === socket && this.#state !== "closed") void this.#lost(code);
    };
  }

  async #lost(code: number): Promise<void> {
    this.#change("lost");
    if (code === CONTROL_TERMINAL_CLOSE.loggedOut || (await isLoggedOut())) {
      this.close();
      return;
    }
    this.#timer = setTimeout(() => this.retry(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, MAX_WAIT_MS);
  }

  #change(state: LinkState): void {
    if (this.#state === "closed") return;
    this.#state = state;
    this.#options.changed(state);
  }
}

/** A refused web socket does not say why; a request does, and tells the page when the session has ended. */
async function isLoggedOut(): Promise<boolean> {
  try {
    await api.node();
    return false;
  } catch (thrown) {
    return thrown instanceof ApiError && thrown.status === 401;
  }
}
