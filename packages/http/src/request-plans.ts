/**
 * What the text of a request's URL alone decides: target, route, and the part of the app's message that never changes.
 * Worked out once per URL and remembered, because browsers and programs ask for the same ones again and again.
 * @module
 */
import { routeJson } from "./app-message.ts";
import type { Bindings, HttpRoute } from "./bindings.ts";
import { RememberedMessage } from "./remembered-message.ts";
import { readRequestTarget, type RequestTarget } from "./request-target.ts";
import type { RouteMatch } from "./route-table.ts";
import { RPC_PATH } from "./rpc.ts";

export interface RequestPlan {
  readonly target: RequestTarget;
  /** `/~/…`, `/login` or the message-injection endpoint. */
  readonly isOwn: boolean;
  /** Whether a web socket may be asked for here. */
  readonly mayUpgrade: boolean;
  /** `undefined`: 404. */
  readonly match: RouteMatch<HttpRoute> | undefined;
  /** Members of the app's message that follow from the URL. */
  readonly routeJson: string;
  /** The message itself, as the last request had it. */
  readonly message: RememberedMessage;
}

/** Longer URLs are rarely asked for twice. */
const MAX_REMEMBERED_LENGTH = 512;
const MAX_REMEMBERED_COUNT = 1_024;

export class RequestPlans {
  readonly #bindings: Bindings;
  readonly #plans = new Map<string, RequestPlan>();
  #version = 0;

  constructor(bindings: Bindings) {
    this.#bindings = bindings;
  }

  /** @returns `undefined` for a bad Host header */
  find(url: string): RequestPlan | undefined {
    if (this.#version !== this.#bindings.version) {
      this.#plans.clear();
      this.#version = this.#bindings.version;
    }
    const known = this.#plans.get(url);
    if (known !== undefined) return known;
    const plan = this.#make(url);
    if (plan !== undefined && url.length <= MAX_REMEMBERED_LENGTH) {
      if (this.#plans.size >= MAX_REMEMBERED_COUNT) this.#plans.clear();
      this.#plans.set(url, plan);
    }
    return plan;
  }

  #make(url: string): RequestPlan | undefined {
    const target = readRequestTarget(url);
    if (target === undefined) return undefined;
    const { path } = target;
    const socket = this.#bindings.sockets.find(path);
    const match = this.#matchOf(path);
    const json = match === undefined ? "" : routeJson(target, match);
    return {
      target,
      isOwn: path.startsWith("/~") || path === "/login" || path === RPC_PATH,
      mayUpgrade: socket !== undefined && socket.value !== "unbound",
      match,
      routeJson: json,
      message: new RememberedMessage(json),
    };
  }

  #matchOf(path: string): RouteMatch<HttpRoute> | undefined {
    const match = this.#bindings.http.findWithFallback(path);
    if (match === undefined || match.value === "unbound") return undefined;
    return match as RouteMatch<HttpRoute>;
  }
}
