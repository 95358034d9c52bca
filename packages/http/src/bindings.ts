/**
 * What processes have bound: HTTP paths and web socket paths, in two tables.
 * Source: spec/runtime-modules.md §6.1 and §6.2.
 * @module
 */
import type { Address, Clock, LazyLoadBlob, ProcessId } from "@kinode-ts/types";
import type { BindOptions } from "./bind-options.ts";
import type { HttpLimits } from "./limits.ts";
import { subdomainLabel } from "./login-tokens.ts";
import { RateLimiter } from "./rate-limiter.ts";
import { parseRoutePattern } from "./route-pattern.ts";
import { boundPath, RouteTable } from "./route-table.ts";
import { StaticContent } from "./static-content.ts";

export interface HttpRoute {
  readonly app: Address;
  readonly authenticated: boolean;
  readonly localOnly: boolean;
  /** Label of the package's own origin, when the path lives only there. */
  readonly secureLabel: string | undefined;
  /** Served for GET without asking the app. */
  content: StaticContent | undefined;
  readonly options: BindOptions;
  /** Counts requests; `undefined`: there may be any number. */
  readonly rate: RateLimiter | undefined;
}

export interface SocketRoute {
  readonly app: Address;
  readonly authenticated: boolean;
  readonly secureLabel: string | undefined;
  readonly extension: boolean;
}

/** `unbound`: answers 404 from now on, also where a base path would catch it. */
export type Bound<T> = T | "unbound";

interface Usage {
  routeCount: number;
  patternCount: number;
  staticBytes: number;
}

const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export type BindRefusal = "too-many-routes" | "too-many-patterns" | "path" | "too-much-content";

export class Bindings {
  readonly http: RouteTable<Bound<HttpRoute>>;
  readonly sockets: RouteTable<Bound<SocketRoute>>;
  /** Counts changes: what was worked out from an earlier version no longer holds. */
  version = 0;
  readonly #limits: HttpLimits;
  readonly #usage = new Map<ProcessId, Usage>();
  readonly #clock: Clock;
  /** Tells contents apart, also those of another run. */
  readonly #seed: string;
  #contentCount = 0;

  /** @param seed - a text that no other run has */
  constructor(limits: HttpLimits, clock: Clock, seed: string) {
    this.#limits = limits;
    this.#clock = clock;
    this.#seed = seed;
    this.http = new RouteTable(limits.maxMatchedPathLength);
    this.sockets = new RouteTable(limits.maxMatchedPathLength);
  }

  /** @returns why not, or `undefined` */
  bindHttp(
    app: Address,
    path: string,
    options: {
      readonly authenticated: boolean;
      readonly localOnly: boolean;
      readonly secure: boolean;
      readonly blob: LazyLoadBlob | undefined;
      readonly more: BindOptions;
    },
  ): BindRefusal | undefined {
    const { authenticated, localOnly, blob, more } = options;
    const content = blob && this.#contentOf(blob);
    const secureLabel = options.secure ? subdomainLabel(app.process) : undefined;
    const rate = more.rate && new RateLimiter(more.rate, this.#clock);
    const parts = { secureLabel, content, options: more, rate };
    const route: HttpRoute = { app, authenticated, localOnly, ...parts };
    return this.#set(this.http, app.process, path, route, content?.byteLength ?? 0);
  }

  bindSocket(
    app: Address,
    path: string,
    options: {
      readonly authenticated: boolean;
      readonly secure: boolean;
      readonly extension: boolean;
    },
  ): BindRefusal | undefined {
    const { authenticated, extension } = options;
    const secureLabel = options.secure ? subdomainLabel(app.process) : undefined;
    const route: SocketRoute = { app, authenticated, secureLabel, extension };
    return this.#set(this.sockets, app.process, path, route, 0);
  }

  unbindHttp(process: ProcessId, path: string): BindRefusal | undefined {
    return this.#set(this.http, process, path, "unbound", 0);
  }

  unbindSocket(process: ProcessId, path: string): BindRefusal | undefined {
    return this.#set(this.sockets, process, path, "unbound", 0);
  }

  /** Lets go of the content of a process that is gone; its paths stay and answer that nobody is there. */
  releaseContent(process: ProcessId): void {
    const usage = this.#usage.get(process);
    if (usage === undefined || usage.staticBytes === 0) return;
    usage.staticBytes = 0;
    for (const route of this.http.values()) {
      if (route !== "unbound" && route.app.process === process) route.content = undefined;
    }
  }

  #contentOf({ mime, bytes }: LazyLoadBlob): StaticContent {
    // A type that cannot be sent is none.
    const type = mime !== undefined && HEADER_VALUE.test(mime) ? mime : "text/plain";
    return new StaticContent(type, bytes, `${this.#seed}-${++this.#contentCount}`);
  }

  #set<T extends HttpRoute | SocketRoute>(
    table: RouteTable<Bound<T>>,
    process: ProcessId,
    path: string,
    value: Bound<T>,
    addedBytes: number,
  ): BindRefusal | undefined {
    const stored = boundPath(process, path);
    const previous = table.get(stored);
    const usage = this.#usage.get(process) ?? { routeCount: 0, patternCount: 0, staticBytes: 0 };
    const { paramCount, wildCount } = parseRoutePattern(stored);
    const dynamicCount = paramCount + wildCount;
    if (stored.length > this.#limits.maxRoutePathLength) return "path";
    if (dynamicCount > this.#limits.maxDynamicSegmentCount) return "path";
    const next: Usage = {
      routeCount: usage.routeCount + (previous === undefined ? 1 : 0),
      patternCount: usage.patternCount + (previous === undefined && dynamicCount > 0 ? 1 : 0),
      staticBytes: usage.staticBytes + addedBytes - contentBytes(previous),
    };
    if (next.routeCount > this.#limits.maxRoutesPerProcess) return "too-many-routes";
    if (next.patternCount > this.#limits.maxPatternsPerProcess) return "too-many-patterns";
    if (addedBytes > 0 && next.staticBytes > this.#limits.maxStaticBytesPerProcess) {
      return "too-much-content";
    }
    this.#usage.set(process, next);
    table.set(stored, value);
    this.version++;
    return undefined;
  }
}

function contentBytes(route: Bound<HttpRoute | SocketRoute> | undefined): number {
  if (route === undefined || route === "unbound" || !("content" in route)) return 0;
  return route.content?.byteLength ?? 0;
}
