/**
 * Requests and web sockets through the host. Names are looked up here, and the address that was checked is the one that is
 * connected to: a name that leads somewhere else the next time is no way around the policy.
 * @module
 */
import { lookup as lookUpName } from "node:dns";
import { Agent, request as requestPlain } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as SecureAgent, request as requestSecure } from "node:https";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import type { HeaderList } from "./actions.ts";
import type { RefusalOf } from "./address-policy.ts";
import type { HttpRequest } from "./redirects.ts";
import type { ClientSocket, HttpReply, HttpTransport, SocketEvents } from "./transport.ts";

/** Connections that are kept for the next request to the same server. */
const MAX_IDLE_SOCKETS = 64;
const IDLE_SOCKET_MS = 15_000;
const CLOSE_NORMAL = 1000;
/** Methods that may be sent once more when a kept connection turns out to be closed. */
const REPEATABLE: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "PUT",
  "DELETE",
  "TRACE",
]);

type NodeError = Error & { readonly code?: string };

/** What an app may know of a failure: nothing about this machine. */
function textOf({ code, message }: NodeError): string {
  switch (code) {
    case "ECONNREFUSED":
      return "connection refused";
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "the host's name is not known";
    case "ECONNRESET":
    case "EPIPE":
      return "connection lost";
    case "ETIMEDOUT":
      return "connection timed out";
    default:
      return message.split("\n", 1)[0]!;
  }
}

export interface BunTransportOptions {
  readonly refusalOf: RefusalOf;
  /** Bytes waiting to be sent to one web socket server. */
  readonly maxSocketBufferedBytes: number;
}

export function createBunTransport(options: BunTransportOptions): HttpTransport {
  const { refusalOf, maxSocketBufferedBytes } = options;
  const keeping = { keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS, timeout: IDLE_SOCKET_MS };
  const agents = { plain: new Agent(keeping), secure: new SecureAgent(keeping) };
  const lookupFor = (port: number): LookupFunction => checkedLookup(refusalOf, port);

  async function exchange(
    request: HttpRequest,
    maxBodyBytes: number,
    signal: AbortSignal,
  ): Promise<HttpReply> {
    const { hostname, port } = endpointOf(request.url);
    assertAllowed(refusalOf, hostname, port);
    const once = (): Promise<HttpReply> =>
      exchangeOnce(request, { agents, lookup: lookupFor(port), maxBodyBytes, signal });
    try {
      return await once();
    } catch (thrown) {
      if (thrown instanceof StaleConnection && REPEATABLE.has(request.method)) return await once();
      throw thrown;
    }
  }

  async function openSocket(
    url: URL,
    headers: HeaderList,
    events: SocketEvents,
  ): Promise<ClientSocket> {
    const { hostname, port } = endpointOf(url);
    assertAllowed(refusalOf, hostname, port);
    // NOTE: the web socket of the host looks the name up again; what it finds then is not checked
    if (isIP(hostname) === 0) await resolved(lookupFor(port), hostname);
    return connectSocket(url, headers, events, maxSocketBufferedBytes);
  }

  return {
    exchange,
    openSocket,
    close() {
      agents.plain.destroy();
      agents.secure.destroy();
    },
  };
}

/** A kept connection that the server had closed meanwhile. */
class StaleConnection extends Error {
  override name = "StaleConnection";
}

interface ExchangeOptions {
  readonly agents: { readonly plain: Agent; readonly secure: SecureAgent };
  readonly lookup: LookupFunction;
  readonly maxBodyBytes: number;
  readonly signal: AbortSignal;
}

function exchangeOnce(
  { method, url, headers, body }: HttpRequest,
  { agents, lookup, maxBodyBytes, signal }: ExchangeOptions,
): Promise<HttpReply> {
  const isSecure = url.protocol === "https:";
  const options: RequestOptions = {
    method,
    headers: requestHeaders(url, headers, body),
    setHost: false,
    lookup,
    agent: isSecure ? agents.secure : agents.plain,
  };
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(reasonOf(signal));
      return;
    }
    const outgoing: ClientRequest = isSecure
      ? requestSecure(url, options)
      : requestPlain(url, options);
    const onAbort = (): void => fail(reasonOf(signal));
    const settle = (): void => signal.removeEventListener("abort", onAbort);
    const fail = (error: Error): void => {
      settle();
      outgoing.destroy();
      reject(error);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    outgoing.on("error", (error: NodeError) => {
      const isStale = outgoing.reusedSocket && error.code === "ECONNRESET";
      fail(isStale ? new StaleConnection("connection lost") : new Error(textOf(error)));
    });
    outgoing.on("upgrade", (_response, socket) => {
      socket.destroy();
      fail(new Error("the server changed the protocol"));
    });
    outgoing.on("response", (response) => {
      collect(response, maxBodyBytes).then((bytes) => {
        settle();
        resolve({ status: response.statusCode ?? 0, headers: pairs(response), body: bytes });
      }, fail);
    });
    outgoing.end(body);
  });
}

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error("given up");

/** The app's headers, and the ones every request has. */
function requestHeaders(url: URL, headers: HeaderList, body: Uint8Array | undefined): string[] {
  const all: [string, string][] = headers.map(([name, value]) => [name, toLatin1(value)]);
  const has = (name: string): boolean => all.some(([other]) => other.toLowerCase() === name);
  if (!has("host")) all.unshift(["Host", url.host]);
  if (!has("accept")) all.push(["Accept", "*/*"]);
  if (body !== undefined) all.push(["Content-Length", String(body.length)]);
  const user = decodeURIComponent(url.username);
  if ((user !== "" || url.password !== "") && !has("authorization")) {
    const secret = new TextEncoder().encode(`${user}:${decodeURIComponent(url.password)}`);
    all.push(["Authorization", `Basic ${secret.toBase64()}`]);
  }
  return all.flat();
}

/** Header values travel as bytes; the host writes each character as one. */
function toLatin1(value: string): string {
  // eslint-disable-next-line no-control-regex
  if (/^[\x00-\x7f]*$/.test(value)) return value;
  return String.fromCharCode(...new TextEncoder().encode(value));
}

function pairs({ rawHeaders }: IncomingMessage): HeaderList {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    list.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
  return list;
}

/** The whole body. @throws {Error} it is too large or breaks off */
function collect(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    response.on("data", (chunk: Uint8Array) => {
      length += chunk.length;
      if (length > maxBytes) {
        reject(new Error(`the response is larger than ${maxBytes} bytes`));
        response.destroy();
      } else chunks.push(chunk);
    });
    response.on("error", (error: NodeError) => reject(new Error(textOf(error))));
    response.on("close", () => reject(new Error("connection lost in the middle of the response")));
    response.on("end", () => {
      if (!response.complete) return;
      const body = new Uint8Array(length);
      let at = 0;
      for (const chunk of chunks) {
        body.set(chunk, at);
        at += chunk.length;
      }
      resolve(body);
    });
  });
}

/** Numeric hosts without brackets, and the port that is meant. */
function endpointOf(url: URL): { readonly hostname: string; readonly port: number } {
  const isSecure = url.protocol === "https:" || url.protocol === "wss:";
  const port = url.port === "" ? (isSecure ? 443 : 80) : Number(url.port);
  return { hostname: url.hostname.replace(/^\[|\]$/g, ""), port };
}

/** Numeric hosts are not looked up, so they are checked here. @throws {Error} apps may not reach it */
function assertAllowed(refusalOf: RefusalOf, hostname: string, port: number): void {
  const refusal = isIP(hostname) === 0 ? undefined : refusalOf(hostname, port);
  if (refusal !== undefined) throw new Error(`apps may not connect there: ${refusal}`);
}

/** Looks names up and passes on only the addresses that may be reached. */
function checkedLookup(refusalOf: RefusalOf, port: number): LookupFunction {
  return (hostname, options, callback) => {
    lookUpName(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const refusals = addresses.map(({ address }) => refusalOf(address, port));
      const allowed = addresses.filter((_address, i) => refusals[i] === undefined);
      const [first] = allowed;
      if (first === undefined) {
        callback(new Error(`apps may not connect there: ${refusals[0] ?? "no address"}`), []);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

function resolved(lookup: LookupFunction, hostname: string): Promise<void> {
  return new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error) => (error === null ? resolve() : reject(error)));
  });
}

/** The host's web socket has ping and pong, which the standard one has not. */
interface HostWebSocket extends WebSocket {
  ping(data?: Uint8Array): void;
  pong(data?: Uint8Array): void;
  terminate(): void;
}

function connectSocket(
  url: URL,
  headers: HeaderList,
  events: SocketEvents,
  maxBufferedBytes: number,
): ClientSocket {
  const Host = WebSocket as unknown as new (
    url: string,
    options: { headers: Record<string, string> },
  ) => HostWebSocket;
  const socket = new Host(url.href, { headers: Object.fromEntries(headers) });
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => events.opened());
  socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === "string") events.received("Text", new TextEncoder().encode(data));
    else events.received("Binary", new Uint8Array(data));
  });
  const onControl = (name: string, type: "Ping" | "Pong"): void =>
    socket.addEventListener(name, () => events.received(type, new Uint8Array(0)));
  onControl("ping", "Ping");
  onControl("pong", "Pong");
  let isOver = false;
  const over = (): void => {
    if (isOver) return;
    isOver = true;
    events.closed();
  };
  socket.addEventListener("close", over);
  socket.addEventListener("error", over);
  return {
    send(type, payload) {
      if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > maxBufferedBytes)
        return false;
      if (type === "Text") socket.send(new TextDecoder().decode(payload));
      else if (type === "Binary") socket.send(payload as Uint8Array<ArrayBuffer>);
      else if (type === "Ping") socket.ping();
      else socket.pong();
      return true;
    },
    close: () => socket.close(CLOSE_NORMAL),
    terminate: () => socket.terminate(),
  };
}
