/**
 * A server on a real port with a stand-in kernel, and apps that answer as functions.
 * @module
 */
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { createSeededRandom, createVirtualClock, type VirtualClock } from "@kinode-ts/testing";
import { createModuleHarness, type ModuleHarness } from "@kinode-ts/testing/module-harness";
import type { ModuleRequest, U64 } from "@kinode-ts/types";
import { createHttpServer, type HttpServer, type HttpServerOptions } from "../src/index.ts";

export const APP = "main:p:x.os";
export const OTHER = "main:q:y.os";
export const HOMEPAGE = "homepage:homepage:sys";
export const PASSWORD_HASH = "0x00ff";
export const KEYFILE = Uint8Array.of(1, 2, 3);

/** An address of this machine that is no loopback address; some machines have none. */
export const OWN_ADDRESS: string | undefined = Object.values(networkInterfaces())
  .flatMap((all) => all ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

/** What an app received. */
export interface Received {
  readonly id: U64;
  readonly app: string;
  readonly json: unknown;
  /** The value behind `Http`, for HTTP requests. */
  readonly http: Readonly<Record<string, unknown>>;
  readonly blob: string | undefined;
  readonly mime: string | undefined;
  readonly expectsResponse: U64 | undefined;
}

export interface WebNode extends AsyncDisposable {
  readonly server: HttpServer;
  readonly harness: ModuleHarness;
  readonly clock: VirtualClock;
  readonly url: string;
  readonly port: number;
  /** Requests to apps, in order. */
  readonly received: readonly Received[];
  /** Binds and asserts nothing: returns the answer. */
  bind(app: string, path: string, options?: BindOptions): Promise<unknown>;
  /** Answers all HTTP requests to apps from now on; `undefined` leaves one unanswered. */
  serve(answer: (received: Received) => AppReply | undefined): void;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Sends bytes as they are and returns what comes back until the connection ends. */
  raw(text: string): Promise<string>;
  /** A cookie header of a browser that is logged in. */
  logIn(): Promise<string>;
  /** Settles when an app was sent something that fits. */
  waitFor(fits: (received: Received) => boolean): Promise<Received>;
}

export interface BindOptions {
  readonly authenticated?: boolean;
  readonly localOnly?: boolean;
  readonly cached?: string | { readonly mime: string; readonly text: string };
}

export interface AppReply {
  readonly body: unknown;
  readonly blob?: string;
  /** Default: the app that was asked. */
  readonly from?: string;
}

export async function startWebNode(options: Partial<HttpServerOptions> = {}): Promise<WebNode> {
  const clock = createVirtualClock();
  const server = createHttpServer({
    our: "alice.os",
    port: 0,
    secret: new Uint8Array(32).fill(7),
    verifyPassword: async (hash) => (hash === PASSWORD_HASH ? KEYFILE : undefined),
    localToken: "local-token",
    dev: false,
    clock,
    random: createSeededRandom(1),
    hostRoutes: [],
    ...options,
  });
  const harness = createModuleHarness(server);
  await harness.start();
  const { url, port } = await server.listen();
  return new Node(server, harness, clock, url, port);
}

class Node implements WebNode {
  readonly server: HttpServer;
  readonly harness: ModuleHarness;
  readonly clock: VirtualClock;
  readonly url: string;
  readonly port: number;
  readonly received: Received[] = [];
  #answer: (received: Received) => AppReply | undefined = () => undefined;
  #waiting: { fits: (received: Received) => boolean; done: (received: Received) => void }[] = [];

  constructor(
    server: HttpServer,
    harness: ModuleHarness,
    clock: VirtualClock,
    url: string,
    port: number,
  ) {
    this.server = server;
    this.harness = harness;
    this.clock = clock;
    this.url = url;
    this.port = port;
    harness.onSend((request) => this.#deliver(request));
  }

  async bind(app: string, path: string, options: BindOptions = {}): Promise<unknown> {
    const { authenticated = false, localOnly: local_only = false, cached } = options;
    const cache = cached !== undefined;
    const body = { Bind: { path, authenticated, local_only, cache } };
    const blob =
      typeof cached === "object" ? { mime: cached.mime, bytes: Buffer.from(cached.text) } : cached;
    return (await this.harness.ask(app, { body, blob })).json;
  }

  serve(answer: (received: Received) => AppReply | undefined): void {
    this.#answer = answer;
  }

  get(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, { redirect: "manual", ...init });
  }

  raw(text: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    let all = "";
    const socket = connect(this.port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (data) => (all += data.toString("latin1")));
    socket.on("close", () => resolve(all));
    socket.on("error", reject);
    return promise;
  }

  async logIn(): Promise<string> {
    const response = await fetch(this.server.issueLoginLink(), { redirect: "manual" });
    return response.headers.get("set-cookie")!.split(";")[0]!;
  }

  waitFor(fits: (received: Received) => boolean): Promise<Received> {
    const there = this.received.find(fits);
    if (there !== undefined) return Promise.resolve(there);
    return new Promise((done) => this.#waiting.push({ fits, done }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
  }

  #deliver(request: ModuleRequest & { readonly id: U64 }): void {
    const json = parse(new TextDecoder().decode(request.body));
    const received: Received = {
      id: request.id,
      app: request.target.process,
      json,
      http: json.Http ?? {},
      blob: request.blob && new TextDecoder().decode(request.blob.bytes),
      mime: request.blob?.mime,
      expectsResponse: request.expectsResponse,
    };
    this.received.push(received);
    for (const waiting of this.#waiting) if (waiting.fits(received)) waiting.done(received);
    this.#waiting = this.#waiting.filter((waiting) => !waiting.fits(received));
    const reply = json.Http === undefined ? undefined : this.#answer(received);
    if (reply === undefined) return;
    queueMicrotask(() => this.harness.answer(reply.from ?? received.app, received.id, reply));
  }
}

/** Messages of the RPC endpoint have any body. */
function parse(text: string): { readonly Http?: Record<string, unknown> } {
  try {
    return JSON.parse(text) as { Http?: Record<string, unknown> };
  } catch {
    return {};
  }
}

/** An answer of status 200 that says which path the app saw. */
export function pageOf(received: Received): AppReply {
  return {
    body: { status: 200, headers: { "Content-Type": "text/html" } },
    blob: `page of ${String(received.http["bound_path"])}`,
  };
}
