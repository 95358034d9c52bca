/**
 * Web sockets on the host's own. A name has been looked up and its addresses checked before: these are connected to, one
 * after the other, and the name is only told to the server.
 * @module
 */
import { isIP } from "node:net";
import type { HeaderList } from "./actions.ts";
import type { ClientSocket, SocketEvents } from "./transport.ts";

export interface SocketPlan {
  readonly url: URL;
  readonly headers: HeaderList;
  /** Addresses to connect to; `undefined`: what the URL says. At least one. */
  readonly places: readonly (string | undefined)[];
  readonly proxy: URL | undefined;
  /** Bytes waiting to be sent; a server that does not read gets no more. */
  readonly maxSocketBufferedBytes: number;
}

/** The host's web socket has ping and pong, which the standard one has not. */
interface HostWebSocket extends WebSocket {
  ping(data?: Uint8Array): void;
  pong(data?: Uint8Array): void;
  terminate(): void;
}

interface HostOptions {
  readonly headers: Record<string, string>;
  readonly proxy?: string;
  readonly tls?: { readonly servername: string };
}

const CLOSE_NORMAL = 1000;
/** How long an address may take when there is another one. */
const NEXT_PLACE_MS = 2_000;

/** Begins to connect; what comes of it is told by the events. */
export function connectSocket(plan: SocketPlan, events: SocketEvents): ClientSocket {
  const { places, maxSocketBufferedBytes } = plan;
  let socket: HostWebSocket;
  let isTerminated = false;
  const attempt = (at: number): void => {
    let state: "opening" | "open" | "over" = "opening";
    const own = (socket = openAt(plan, places[at]));
    const over = (): void => {
      if (state === "over") return;
      const goesOn = state === "opening" && at + 1 < places.length && !isTerminated;
      state = "over";
      clearTimeout(timer);
      if (goesOn) attempt(at + 1);
      else events.closed();
    };
    const isLast = at + 1 === places.length;
    const timer = isLast ? undefined : setTimeout(() => (over(), own.terminate()), NEXT_PLACE_MS);
    own.addEventListener("open", () => {
      if (state !== "opening") return;
      state = "open";
      clearTimeout(timer);
      events.opened();
    });
    own.addEventListener("close", over);
    own.addEventListener("error", over);
    listen(own, (type, payload) => state === "open" && events.received(type, payload));
  };
  attempt(0);
  return {
    send(type, payload) {
      const isFull = socket.bufferedAmount > maxSocketBufferedBytes;
      if (socket.readyState !== WebSocket.OPEN || isFull) return false;
      if (type === "Text") socket.send(new TextDecoder().decode(payload));
      else if (type === "Binary") socket.send(payload as Uint8Array<ArrayBuffer>);
      else if (type === "Ping") socket.ping();
      else socket.pong();
      return true;
    },
    close: () => socket.close(CLOSE_NORMAL),
    terminate() {
      isTerminated = true;
      socket.terminate();
    },
  };
}

function openAt({ url, headers, proxy }: SocketPlan, place: string | undefined): HostWebSocket {
  const Host = WebSocket as unknown as new (url: string, options: HostOptions) => HostWebSocket;
  const all = Object.fromEntries(headers);
  const through = proxy === undefined ? {} : { proxy: proxy.href };
  if (place === undefined) return new Host(url.href, { headers: all, ...through });
  const target = new URL(url);
  target.hostname = isIP(place) === 6 ? `[${place}]` : place;
  const hasHost = headers.some(([name]) => name.toLowerCase() === "host");
  return new Host(target.href, {
    headers: hasHost ? all : { ...all, Host: url.host },
    // The certificate must be the name's, not the address's.
    tls: { servername: url.hostname.replace(/\.$/, "") },
  });
}

function listen(socket: HostWebSocket, received: SocketEvents["received"]): void {
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === "string") received("Text", new TextEncoder().encode(data));
    else received("Binary", new Uint8Array(data));
  });
  const onControl = (name: string, type: "Ping" | "Pong"): void =>
    socket.addEventListener(name, () => received(type, new Uint8Array(0)));
  onControl("ping", "Ping");
  onControl("pong", "Pong");
}
