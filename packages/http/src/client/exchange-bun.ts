/**
 * One request and its response on the host's HTTP client, whole or as they come.
 * @module
 */
import type { EventEmitter } from "node:events";
import { request as requestPlain } from "node:http";
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { request as requestSecure } from "node:https";
import type { Agent as SecureAgent } from "node:https";
import type { LookupFunction, Socket } from "node:net";
import type { BodyRoom } from "../shared-room.ts";
import type { HeaderList } from "./actions.ts";
import { textOf } from "./failure-text.ts";
import type { NodeError } from "./failure-text.ts";
import { proxyAuthorization } from "./proxy-settings.ts";
import type { HttpRequest } from "./redirects.ts";
import type { HttpHead, HttpReply } from "./transport.ts";
import { portOf } from "./tunnel-bun.ts";

/** A kept connection that the server had closed meanwhile. */
export class StaleConnection extends Error {
  override name = "StaleConnection";
}

/** What is made of a response: a value, and when the connection is no longer used for it. */
export type ResponseTaker<T> = (response: IncomingMessage) => {
  readonly taken: Promise<T>;
  readonly ended: Promise<unknown>;
};

/** How a request gets to its server. */
export type Route =
  | "direct"
  /** To a proxy, which sees the whole request. */
  | { readonly kind: "proxy"; readonly proxy: URL }
  /** On a connection through a proxy, for this request alone. */
  | { readonly kind: "tunnel"; readonly socket: Socket };

interface ExchangeOptions<T> {
  readonly route: Route;
  readonly agents: { readonly plain: Agent; readonly secure: SecureAgent };
  readonly lookup: LookupFunction;
  readonly signal: AbortSignal;
  readonly take: ResponseTaker<T>;
}

/** @throws {StaleConnection | Error} with a text for the app */
export function exchangeOnce<T>(
  { method, url, headers, body }: HttpRequest,
  { route, agents, lookup, signal, take }: ExchangeOptions<T>,
): Promise<T> {
  const isSecure = url.protocol === "https:";
  const all = requestHeaders(url, headers, body);
  const options: RequestOptions = {
    method,
    headers: all,
    setHost: false,
    lookup,
    agent: isSecure ? agents.secure : agents.plain,
  };
  const begin = (): ClientRequest => {
    if (route === "direct")
      return isSecure ? requestSecure(url, options) : requestPlain(url, options);
    if (route.kind === "tunnel") {
      const { socket } = route;
      const once = { method, setHost: false, headers: [...all, "Connection", "close"] };
      return requestSecure(url, { ...once, createConnection: () => socket });
    }
    return requestPlain(throughProxy(route.proxy, url, { ...options, agent: agents.plain }));
  };
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(reasonOf(signal));
      return;
    }
    const outgoing = begin();
    const onAbort = (): void => fail(reasonOf(signal));
    let stopSending = (): void => {};
    let incoming: IncomingMessage | undefined;
    const settle = (): void => {
      signal.removeEventListener("abort", onAbort);
      stopSending();
    };
    const fail = (error: Error): void => {
      settle();
      incoming?.destroy(error);
      void ended(outgoing).then(() => reject(error));
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
      incoming = response;
      const { taken, ended } = take(response);
      taken.then(resolve, fail);
      ended.then(settle, fail);
    });
    if (body instanceof ReadableStream) stopSending = sendParts(body, outgoing, fail);
    else outgoing.end(body);
  });
}

const FOR_PROXY = /^proxy-/i;

/** A request to a proxy names the whole URL. */
function throughProxy(proxy: URL, url: URL, options: RequestOptions): RequestOptions {
  const authorization = proxyAuthorization(proxy);
  const { lookup: _, ...rest } = options;
  const given = options.headers as string[];
  // The app has nothing to say to the proxy.
  const headers = given.filter((_text, i) => !FOR_PROXY.test(given[i - (i % 2)]!));
  return {
    ...rest,
    host: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: portOf(proxy),
    path: `${url.protocol}//${url.host}${url.pathname}${url.search}`,
    headers: [
      ...headers,
      ...(authorization === undefined ? [] : ["Proxy-Authorization", authorization]),
    ],
  };
}

/** How long a connection that is given up may go on being made. */
const CONNECTING_MS = 500;

/**
 * Ends a request; settles when its connection is closed, so that nobody can have more of them than places.
 * NOTE: Bun 1.4.5 keeps a connection open for seconds that is ended while it is being made; ended right after, it closes at once.
 */
async function ended(outgoing: ClientRequest): Promise<void> {
  if (outgoing.destroyed || outgoing.closed) return;
  const socket = outgoing.socket ?? (await soon<Socket>(outgoing, "socket"));
  if (socket?.connecting === true) await soon(socket, "connect");
  outgoing.destroy();
}

/** The event, or `undefined` when it does not come in time. */
function soon<T>(source: EventEmitter, event: string): Promise<T | undefined> {
  return new Promise((resolve) => {
    const done = (value?: T): void => {
      clearTimeout(timer);
      source.off(event, done);
      source.off("error", failed);
      resolve(value);
    };
    const failed = (): void => done();
    const timer = setTimeout(failed, CONNECTING_MS);
    source.once(event, done);
    source.once("error", failed);
  });
}

/**
 * Sends a body as it comes, no faster than the server takes it.
 * @returns stops it: the server has answered and wants no more, or everything is over
 */
function sendParts(
  body: ReadableStream<Uint8Array>,
  outgoing: ClientRequest,
  fail: (error: Error) => void,
): () => void {
  const reader = body.getReader();
  let isOver = false;
  const stop = (): void => {
    if (isOver) return;
    isOver = true;
    reader.cancel().catch(() => {});
  };
  const send = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read();
      if (isOver) return;
      if (done) break;
      if (!outgoing.write(value)) await drained(outgoing);
    }
    isOver = true;
    outgoing.end();
  };
  outgoing.once("close", stop);
  send().catch(() => {
    if (!isOver) fail(new Error("the body of the request was given up"));
  });
  return stop;
}

function drained(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      outgoing.off("drain", done);
      outgoing.off("close", done);
      resolve();
    };
    outgoing.on("drain", done);
    outgoing.on("close", done);
  });
}

/** The response with its whole body, of at most `maxBytes` and as far as there is room for it. */
export const wholeReply =
  (maxBytes: number, room?: Room): ResponseTaker<HttpReply> =>
  (response) => {
    const taken = collect(response, maxBytes, room).then((body) => ({
      status: response.statusCode ?? 0,
      headers: pairs(response),
      body,
    }));
    return { taken, ended: taken };
  };

/** The head of the response; its body is read when somebody wants it. */
export const replyHead: ResponseTaker<HttpHead> = (response) => {
  const { body, ended } = partsOf(response);
  const head = { status: response.statusCode ?? 0, headers: pairs(response), body, ended };
  return { taken: Promise.resolve(head), ended };
};

function partsOf(response: IncomingMessage): Pick<HttpHead, "body" | "ended"> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  response.on("error", () => {}); // whoever reads is told
  const parts = response[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await parts.next();
          if (done !== true) return controller.enqueue(value);
          if (!response.complete) throw new Error("connection lost");
          controller.close();
        } catch (thrown) {
          response.destroy();
          controller.error(thrown);
        }
        end();
      },
      cancel: () => {
        response.destroy();
        end();
      },
    },
    { highWaterMark: 0 },
  );
  return { body, ended };
}

const reasonOf = (signal: AbortSignal): Error =>
  signal.reason instanceof Error ? signal.reason : new Error("given up");

/** The app's headers, and the ones every request has. */
function requestHeaders(url: URL, headers: HeaderList, body: HttpRequest["body"]): string[] {
  const all: [string, string][] = headers.map(([name, value]) => [name, toLatin1(value)]);
  const has = (name: string): boolean => all.some(([other]) => other.toLowerCase() === name);
  if (!has("host")) all.unshift(["Host", url.host]);
  if (!has("accept")) all.push(["Accept", "*/*"]);
  if (body instanceof Uint8Array) all.push(["Content-Length", String(body.length)]);
  else if (body !== undefined) all.push(["Transfer-Encoding", "chunked"]);
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

type Room = Pick<BodyRoom, "take">;

/** So little is not counted: the number of requests bounds it. */
const UNCOUNTED_BYTES = 64 * 1024;
const NO_ROOM =
  "the node has no memory for the response now: ask again later, or for the response in parts";

/** The whole body. @throws {Error} it is too large or breaks off */
function collect(response: IncomingMessage, maxBytes: number, room?: Room): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const refuse = (text: string): void => {
      chunks.length = 0;
      reject(new Error(text));
      response.destroy();
    };
    response.on("data", (chunk: Uint8Array) => {
      length += chunk.length;
      if (length > maxBytes) refuse(`the response is larger than ${maxBytes} bytes`);
      else if (length > UNCOUNTED_BYTES && room?.take(chunk.length) === false) refuse(NO_ROOM);
      else chunks.push(chunk);
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
