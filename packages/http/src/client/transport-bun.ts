/**
 * Requests and web sockets through the host. Names are looked up here, and the address that was checked is the one that is
 * connected to: a name that leads somewhere else the next time is no way around the policy.
 * @module
 */
import { lookup as lookUpName } from "node:dns";
import { Agent } from "node:http";
import { Agent as SecureAgent } from "node:https";
import { isIP } from "node:net";
import type { LookupFunction } from "node:net";
import type { BodyRoom } from "../shared-room.ts";
import type { HeaderList } from "./actions.ts";
import type { RefusalOf } from "./address-policy.ts";
import { exchangeOnce, replyHead, StaleConnection, wholeReply } from "./exchange-bun.ts";
import type { ResponseTaker, Route } from "./exchange-bun.ts";
import { textOf } from "./failure-text.ts";
import type { NodeError } from "./failure-text.ts";
import { DEFAULT_HTTP_CLIENT_LIMITS } from "./limits.ts";
import { proxyFor } from "./proxy-settings.ts";
import type { ProxySettings } from "./proxy-settings.ts";
import type { HttpRequest } from "./redirects.ts";
import { openTunnel } from "./tunnel-bun.ts";
import { connectSocket } from "./socket-bun.ts";
import type { ClientSocket, HttpTransport, SocketEvents } from "./transport.ts";

/** How errors of the policy begin. */
const REFUSED = "apps may not connect there";
/** Connections that are kept for the next request to the same server. */
const MAX_IDLE_SOCKETS = 64;
/** Less than usual servers keep them (5 s and more): what cannot be sent twice must not meet a connection that just ended. */
const IDLE_SOCKET_MS = 4_000;
/** Methods that may be sent once more when a kept connection turns out to be closed. */
const REPEATABLE: ReadonlySet<string> = new Set([
  "GET",
  "HEAD",
  "OPTIONS",
  "PUT",
  "DELETE",
  "TRACE",
]);

export interface BunTransportOptions {
  readonly refusalOf: RefusalOf;
  /** Bytes waiting to be sent to one web socket server. */
  readonly maxSocketBufferedBytes: number;
  /** One message from one web socket server. Default: that of the module. */
  readonly maxSocketMessageBytes?: number;
  /** Left out: everything goes directly. */
  readonly proxy?: ProxySettings | undefined;
  /** Finds the addresses of a name. Default: the system's. */
  readonly lookUp?: LookUp;
}

type LookUp = typeof lookUpName;

export function createBunTransport(options: BunTransportOptions): HttpTransport {
  const { refusalOf, maxSocketBufferedBytes } = options;
  const { maxSocketMessageBytes = DEFAULT_HTTP_CLIENT_LIMITS.maxSocketMessageBytes } = options;
  const keeping = { keepAlive: true, maxFreeSockets: MAX_IDLE_SOCKETS, timeout: IDLE_SOCKET_MS };
  const agents = { plain: new Agent(keeping), secure: new SecureAgent(keeping) };
  const { lookUp = lookUpName } = options;
  const lookupFor = (port: number): LookupFunction => checkedLookup(lookUp, refusalOf, port);

  async function exchange<T>(
    request: HttpRequest,
    signal: AbortSignal,
    take: ResponseTaker<T>,
  ): Promise<T> {
    const { hostname, port } = endpointOf(request.url);
    assertAllowed(refusalOf, hostname, port);
    const route = await routeTo(request.url, signal);
    const isRepeatable =
      REPEATABLE.has(request.method) && !(request.body instanceof ReadableStream);
    const once = (): Promise<T> =>
      exchangeOnce(request, { route, agents, lookup: lookupFor(port), signal, take });
    try {
      return await once();
    } catch (thrown) {
      if (thrown instanceof StaleConnection && isRepeatable) return await once();
      throw thrown;
    }
  }

  async function routeTo(url: URL, signal: AbortSignal): Promise<Route> {
    const proxy = proxyFor(options.proxy, url);
    if (proxy === undefined) return "direct";
    const { hostname, port } = endpointOf(url);
    await assertNotKnownToBeRefused(hostname, port);
    if (url.protocol === "http:") return { kind: "proxy", proxy };
    try {
      return { kind: "tunnel", socket: await openTunnel({ proxy, hostname, port, signal }) };
    } catch (thrown) {
      throw new Error(textOf(thrown as NodeError));
    }
  }

  /** Behind a proxy names may be unknown here; one that is known and leads to a refused address is refused. */
  async function assertNotKnownToBeRefused(hostname: string, port: number): Promise<void> {
    if (isIP(hostname) !== 0) return;
    await resolved(lookupFor(port), hostname).catch((error: NodeError) => {
      if (error.message.startsWith(REFUSED)) throw error;
    });
  }

  async function openSocket(
    url: URL,
    headers: HeaderList,
    events: SocketEvents,
    room?: BodyRoom,
  ): Promise<ClientSocket> {
    const { hostname, port } = endpointOf(url);
    assertAllowed(refusalOf, hostname, port);
    const proxy = proxyFor(options.proxy, url);
    if (proxy !== undefined) await assertNotKnownToBeRefused(hostname, port);
    const isName = proxy === undefined && isIP(hostname) === 0;
    const places = isName ? await resolved(lookupFor(port), hostname) : [undefined];
    const limits = { maxSocketBufferedBytes, maxSocketMessageBytes, room };
    return connectSocket({ url, headers, places, proxy, ...limits }, events);
  }

  return {
    exchange: (request, maxBodyBytes, signal, room) =>
      exchange(request, signal, wholeReply(maxBodyBytes, room)),
    open: (request, signal) => exchange(request, signal, replyHead),
    openSocket,
    close() {
      agents.plain.destroy();
      agents.secure.destroy();
    },
  };
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
  if (refusal !== undefined) throw new Error(`${REFUSED}: ${refusal}`);
}

/** Looks names up and passes on only the addresses that may be reached. */
function checkedLookup(lookUp: LookUp, refusalOf: RefusalOf, port: number): LookupFunction {
  return (hostname, options, callback) => {
    lookUp(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const refusals = addresses.map(({ address }) => refusalOf(address, port));
      const allowed = addresses.filter((_address, i) => refusals[i] === undefined);
      const [first] = allowed;
      if (first === undefined) {
        callback(new Error(`${REFUSED}: ${refusals[0] ?? "no address"}`), []);
      } else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}

/** The addresses of a name that may be reached: at least one. */
function resolved(lookup: LookupFunction, hostname: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(hostname, { all: true }, (error, found) => {
      if (error !== null) reject(error);
      else resolve((found as readonly { address: string }[]).map(({ address }) => address));
    });
  });
}
