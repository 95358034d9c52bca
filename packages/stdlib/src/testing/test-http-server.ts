/**
 * The HTTP server module on a test node: it remembers what is bound, and lets a test be the browser.
 * Source: spec/runtime-modules.md §6.1, §6.2 (literal paths and `:name` only), §6.4, §6.8; docs/modules/http-server.md
 * (bodies in parts; no limits, ranges or files).
 * @module
 */
import type { GuestBlob } from "@kinode-ts/types";
import type { TestNode } from "./test-node.ts";

const ID = "http-server:distro:sys";

interface Binding {
  readonly process: string;
  readonly pattern: RegExp;
  readonly route: string;
  readonly authenticated: boolean;
  /** Served without asking the process. */
  readonly content: GuestBlob | undefined;
  /** The process reads bodies in parts. */
  readonly isStreamed: boolean;
}

export interface TestHttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** A web socket a test has opened. */
export interface TestSocket {
  readonly id: number;
  /** Texts of the frames received. */
  readonly received: string[];
  send(text: string): void;
  close(): void;
}

interface TestAnswerHead extends Pick<TestHttpResponse, "status" | "headers"> {
  readonly body_stream?: number;
}

type TestReply = (body: object, blob?: GuestBlob) => void;

/** A body that a process writes. */
interface WrittenBody {
  readonly parts: Uint8Array[];
  readonly end: PromiseWithResolvers<void>;
}

type Action = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export class TestHttpServer {
  readonly #node: TestNode;
  #bindings: Binding[] = [];
  readonly #socketRoutes = new Map<string, string>();
  readonly #sockets = new Map<number, TestSocket>();
  /** Bodies of requests that are not read yet, and of answers that are written; by process and number. */
  readonly #unread = new Map<string, Uint8Array>();
  readonly #written = new Map<string, WrittenBody>();

  constructor(node: TestNode) {
    this.#node = node;
    node.addModule(ID, ({ value, blob, source }, reply) => {
      const process = source.slice(source.indexOf("@") + 1);
      const read = (value as Action)["BodyRead"];
      if (read !== undefined) return this.#read(process, Number(read["stream"]), reply);
      this.#act(value as Action, blob, process);
      reply({ Ok: null });
    });
  }

  #route(process: string, path: string): string {
    const below = `/${path}`.replace(/^\/+/, "/").replace(/\/$/, "");
    return process === "homepage:homepage:sys" ? below : `/${process}${below}`;
  }

  #act(action: Action, blob: GuestBlob | undefined, process: string): void {
    const bind = action["Bind"] ?? action["SecureBind"];
    const unbind = action["Unbind"];
    const push = action["WebSocketPush"];
    if (bind !== undefined) {
      const route = this.#route(process, String(bind["path"]));
      const pattern = new RegExp(
        `^${route.replace(/(?<=\/):([a-z_]+)(?=\/|$)/g, "(?<$1>[^/]+)")}$`,
      );
      const content = bind["cache"] === true ? blob : undefined;
      const authenticated = bind["authenticated"] !== false;
      const isStreamed = bind["stream_request"] === true;
      this.#bindings = this.#bindings.filter((other) => other.route !== route);
      this.#bindings.push({ process, pattern, route, authenticated, content, isStreamed });
    } else if (unbind !== undefined) {
      const route = this.#route(process, String(unbind["path"]));
      this.#bindings = this.#bindings.filter((other) => other.route !== route);
    } else if (action["WebSocketBind"] !== undefined) {
      this.#socketRoutes.set(
        this.#route(process, String(action["WebSocketBind"]["path"])),
        process,
      );
    } else if (Object.keys(action)[0]?.startsWith("Body") === true) {
      this.#write(action, blob, process);
    } else if (push !== undefined) {
      const text = new TextDecoder().decode(blob?.bytes);
      this.#sockets.get(Number(push["channel_id"]))?.received.push(text);
    }
  }

  /** The whole body as one part, then the end. */
  #read(process: string, stream: number, reply: TestReply): void {
    const bytes = this.#unread.get(`${process} ${stream}`);
    if (bytes === undefined) return reply({ Err: "UnknownStream" });
    const done = bytes.length === 0;
    if (done) this.#unread.delete(`${process} ${stream}`);
    else this.#unread.set(`${process} ${stream}`, new Uint8Array(0));
    reply({ Ok: { BodyChunk: { done } } }, { bytes });
  }

  #write(action: Action, blob: GuestBlob | undefined, process: string): void {
    const [name = "", value] = Object.entries(action)[0] ?? [];
    const body = this.#written.get(`${process} ${String(value?.["stream"])}`);
    if (body === undefined) return;
    if (name === "BodyWrite" && blob !== undefined) body.parts.push(blob.bytes);
    else if (name === "BodyEnd") body.end.resolve();
    else if (name === "BodyAbort")
      body.end.reject(new Error("The process gave up the answer's body"));
  }

  /** Bound routes, with whether they ask for login. */
  get routes(): { readonly route: string; readonly authenticated: boolean }[] {
    return this.#bindings.map(({ route, authenticated }) => ({ route, authenticated }));
  }

  /** A request of a logged-in browser. Let the node run while waiting: `node.settle()`. */
  async fetch(
    path: string,
    init: { readonly method?: string; readonly body?: string | object } = {},
  ): Promise<TestHttpResponse> {
    const [raw = "", query = ""] = path.split("?");
    const at = raw.replace(/\/$/, "");
    const binding =
      this.#bindings.find(({ pattern }) => pattern.test(at)) ??
      this.#bindings.find(({ route }) => route === `/${at.split("/")[1]}`);
    if (binding === undefined) return { status: 404, headers: {}, text: "" };
    const { method = "GET", body = "" } = init;
    const { content } = binding;
    if (content !== undefined && method === "GET") {
      const headers = { "content-type": content.mime ?? "text/plain" };
      return { status: 200, headers, text: new TextDecoder().decode(content.bytes) };
    }
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const bytes = new TextEncoder().encode(text);
    const stream = binding.isStreamed ? this.#node.freshId() : undefined;
    if (stream !== undefined) this.#unread.set(`${binding.process} ${stream}`, bytes);
    const answer = await this.#node.ask(
      binding.process,
      {
        Http: {
          ...(stream === undefined ? {} : { body_stream: stream }),
          source_socket_addr: "127.0.0.1:50000",
          method,
          url: `http://localhost${at}`,
          bound_path: binding.route,
          headers: { host: "localhost:8080" },
          url_params: { ...binding.pattern.exec(at)?.groups },
          query_params: Object.fromEntries(new URLSearchParams(query)),
        },
      },
      { from: ID, ...(stream === undefined ? { blob: { bytes } } : {}), expectsResponse: 15 },
    );
    const { body_stream, ...head } = JSON.parse(answer.body) as TestAnswerHead;
    if (body_stream === undefined) {
      return { ...head, text: new TextDecoder().decode(answer.blob?.bytes) };
    }
    return { ...head, text: await this.#bodyText(binding.process, body_stream) };
  }

  /** Settles when the process has written all of it; an endless one never does. */
  async #bodyText(process: string, stream: number): Promise<string> {
    const key = `${process} ${stream}`;
    const body: WrittenBody = { parts: [], end: Promise.withResolvers<void>() };
    this.#written.set(key, body);
    await body.end.promise.finally(() => this.#written.delete(key));
    const decoder = new TextDecoder();
    return body.parts.map((part) => decoder.decode(part, { stream: true })).join("");
  }

  /** Opens a web socket at a bound path. @throws {Error} nothing is bound there */
  connect(path: string): TestSocket {
    const process = this.#socketRoutes.get(path);
    if (process === undefined) throw new Error(`No web socket is bound at ${path}`);
    const id = this.#node.freshId();
    const tell = (body: object, blob?: GuestBlob): void =>
      this.#node.tell(process, body, blob === undefined ? { from: ID } : { from: ID, blob });
    const socket: TestSocket = {
      id,
      received: [],
      send: (text) =>
        tell(
          { WebSocketPush: { channel_id: id, message_type: "Text" } },
          { bytes: new TextEncoder().encode(text) },
        ),
      close: () => tell({ WebSocketClose: id }),
    };
    this.#sockets.set(id, socket);
    tell({ WebSocketOpen: { path: path.slice(process.length + 1), channel_id: id } });
    return socket;
  }
}
