/**
 * Terminals in browsers: a web socket at `/~/api/terminal` of the node's own pages.
 * Frames of the node are text to draw; frames of the browser are `ControlTerminalInput` as JSON.
 *
 * The browser says how much it has drawn. One that does not read has lines left out, and the node uses no memory for it.
 * @module
 */
import { KeyReader, RemoteScreen } from "@kinode-ts/terminal";
import type { Clock, ControlTerminalInput, TimerHandle } from "@kinode-ts/types";
import { CONTROL_TERMINAL_CLOSE } from "@kinode-ts/types";
import * as v from "valibot";
import type { OpenTerminal } from "../boot/terminals.ts";
import { CONTROL_PREFIX } from "./control.ts";

export const TERMINAL_PATH = `${CONTROL_PREFIX}terminal`;

/** Terminals open at once; more are refused. */
const MAX_TERMINALS = 32;
const MAX_FRAME_BYTES = 262_144;
/** How long the far end may take to agree to a close. */
const CLOSE_MS = 2_000;
/** How often it is looked whether the login still holds while no key is pressed. */
const LOGIN_CHECK_MS = 300_000;

const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const inputSchema: v.GenericSchema<ControlTerminalInput> = v.union([
  v.strictObject({ keys: v.string() }),
  v.strictObject({ read: count }),
  v.strictObject({ columns: count, rows: count }),
]);

export interface WebTerminalOptions {
  readonly clock: Clock;
  /** `undefined`: this node has no terminals to open. */
  readonly open: (screen: RemoteScreen, session: string) => OpenTerminal | undefined;
}

/** What belongs to one socket. */
export interface WebTerminalData {
  readonly columns: number;
  readonly rows: number;
  readonly isLoggedIn: () => boolean;
  view: View | undefined;
}

interface View {
  readonly opened: OpenTerminal;
  readonly screen: RemoteScreen;
  readonly keys: KeyReader;
  timer: TimerHandle;
}

type Socket = Bun.ServerWebSocket<WebTerminalData>;

function readInput(text: string): ControlTerminalInput | undefined {
  try {
    const result = v.safeParse(inputSchema, JSON.parse(text));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

/** The size the browser says in the address. */
export function readSize(url: URL): Pick<WebTerminalData, "columns" | "rows"> {
  const size = (name: string, usual: number): number =>
    Number(url.searchParams.get(name) ?? usual) || usual;
  return { columns: size("columns", 80), rows: size("rows", 24) };
}

export class WebTerminals {
  readonly #options: WebTerminalOptions;
  readonly #open = new Set<Socket>();
  #opened = 0;

  constructor(options: WebTerminalOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#open.size >= MAX_TERMINALS;
  }

  /** For `Bun.serve`. */
  readonly handler: Bun.WebSocketHandler<WebTerminalData> = {
    maxPayloadLength: MAX_FRAME_BYTES,
    idleTimeout: 120,
    perMessageDeflate: false,
    open: (socket) => this.#start(socket),
    message: (socket, data) => this.#message(socket, data),
    close: (socket) => this.#end(socket),
  };

  /** Closes all: the node stops. */
  stop(): void {
    for (const socket of this.#open) socket.close(CONTROL_TERMINAL_CLOSE.stopping, "stopping");
  }

  #start(socket: Socket): void {
    const { columns, rows } = socket.data;
    const screen = new RemoteScreen({
      send: (text) => socket.send(text),
      cutOff: () => this.#close(socket, CONTROL_TERMINAL_CLOSE.unread, "not read"),
      width: (text) => Bun.stringWidth(text),
    });
    screen.resize(columns, rows);
    this.#opened += 1;
    const opened = this.#options.open(screen, `web-${this.#opened}`);
    if (opened === undefined) {
      return this.#close(socket, CONTROL_TERMINAL_CLOSE.stopping, "no terminal");
    }
    const { terminal } = opened;
    const keys = new KeyReader({
      key: (key) => terminal.key(key),
      paste: (text) => terminal.paste(text),
    });
    this.#open.add(socket);
    socket.data.view = { opened, screen, keys, timer: this.#checkLater(socket) };
  }

  #checkLater(socket: Socket): TimerHandle {
    return this.#options.clock.after(LOGIN_CHECK_MS, () => {
      const { view } = socket.data;
      if (view !== undefined && this.#mayGoOn(socket)) view.timer = this.#checkLater(socket);
    });
  }

  #mayGoOn(socket: Socket): boolean {
    if (socket.data.isLoggedIn()) return true;
    this.#close(socket, CONTROL_TERMINAL_CLOSE.loggedOut, "session ended");
    return false;
  }

  #message(socket: Socket, data: string | Uint8Array): void {
    const { view } = socket.data;
    if (view === undefined || !this.#mayGoOn(socket)) return;
    const input = typeof data === "string" ? readInput(data) : undefined;
    const { screen, keys, opened } = view;
    if (input === undefined) {
      this.#close(socket, CONTROL_TERMINAL_CLOSE.malformed, "not understood");
    } else if ("keys" in input) keys.read(input.keys);
    else if ("read" in input) {
      if (screen.read(input.read)) opened.terminal.drained();
    } else {
      screen.resize(input.columns, input.rows);
      opened.terminal.redraw();
    }
  }

  /** What waits to be sent can hold up the close: then the connection is dropped. */
  #close(socket: Socket, code: number, reason: string): void {
    this.#end(socket);
    socket.close(code, reason);
    this.#options.clock.after(CLOSE_MS, () => socket.terminate());
  }

  #end(socket: Socket): void {
    const { view } = socket.data;
    if (view === undefined) return;
    socket.data.view = undefined;
    this.#open.delete(socket);
    view.timer.cancel();
    view.screen.close();
    view.opened.close();
  }
}
