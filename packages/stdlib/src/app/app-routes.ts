/**
 * Pages and web sockets of a declared process.
 * Source: spec/packages-and-tools.md §25.8, §25.11.
 * @module
 */
import type { Channel } from "../http/channel.ts";
import type { HttpBinding, HttpHandler, WsBinding, WsFrame } from "../http/server.ts";
import type { Request } from "../http/web.ts";
import { Response } from "../http/web.ts";
import type { Handling, ProcessContext } from "./context.ts";

/** Answers a request for a page. What it throws is answered with status 400 (bad data) or 500, as by `HttpServer.bind`. */
export type PageFunction<S> = (
  request: Request,
  state: S,
  context: ProcessContext<S>,
) => Response | Promise<Response>;

/** A function, or with options of its path. */
export type Page<S> = PageFunction<S> | (HttpBinding & { readonly handle: PageFunction<S> });

/** What happens at a web socket, and options of its path. */
export interface Socket<S> extends WsBinding {
  readonly open?:
    ((channel: Channel, state: S, context: ProcessContext<S>) => void | Promise<void>) | undefined;
  readonly message?:
    | ((
        channel: Channel,
        frame: WsFrame,
        state: S,
        context: ProcessContext<S>,
      ) => void | Promise<void>)
    | undefined;
  readonly close?:
    ((channel: Channel, state: S, context: ProcessContext<S>) => void | Promise<void>) | undefined;
}

/** All methods of one path. */
export interface Route<S> {
  readonly path: string;
  readonly binding: HttpBinding;
  /** By method; `*` is any other. */
  readonly byMethod: ReadonlyMap<string, PageFunction<S>>;
}

const KEY = /^(?:([A-Z]+) +)?(\/\S*)$/;
const ANY = "*";

/**
 * Takes `"GET /notes": …` apart.
 * @throws {TypeError} a key of another form, a method twice, or two options for one path
 */
export function routesOf<S>(pages: Readonly<Record<string, Page<S>>>): Route<S>[] {
  const routes = new Map<
    string,
    { binding: HttpBinding; byMethod: Map<string, PageFunction<S>> }
  >();
  for (const [key, page] of Object.entries(pages)) {
    const [, method = ANY, path] = KEY.exec(key) ?? [];
    if (path === undefined) {
      throw new TypeError(`"${key}" is no route: write it like "GET /notes", or "/notes" for all`);
    }
    const { handle, ...binding } = typeof page === "function" ? { handle: page } : page;
    const known = routes.get(path);
    if (known === undefined) {
      routes.set(path, { binding, byMethod: new Map([[method, handle]]) });
      continue;
    }
    if (known.byMethod.has(method)) throw new TypeError(`There are two routes for "${key}"`);
    // Not merged: a page must not become public because of another one.
    if (optionsText(known.binding) !== optionsText(binding)) {
      throw new TypeError(`The routes for "${path}" have different options: give each the same`);
    }
    known.byMethod.set(method, handle);
  }
  return [...routes].map(([path, route]) => ({ path, ...route }));
}

/** With the defaults of `HttpBinding` written out. */
function optionsText(binding: HttpBinding): string {
  const all = {
    authenticated: true,
    localOnly: false,
    secure: false,
    streamBody: false,
    ...binding,
  };
  const { authenticated, localOnly, secure, streamBody, maxBodyBytes, rateLimit } = all;
  return JSON.stringify([authenticated, localOnly, secure, streamBody, maxBodyBytes, rateLimit]);
}

/** The handler of a path: the function for the method, else status 405. */
export function pageHandler<S>(
  { byMethod }: Route<S>,
  context: ProcessContext<S>,
  handling: Handling,
): HttpHandler {
  return (request) => {
    const { method } = request;
    const asGet = method === "HEAD" ? byMethod.get("GET") : undefined;
    const page = byMethod.get(method) ?? asGet ?? byMethod.get(ANY);
    if (page === undefined) {
      const headers = { allow: [...byMethod.keys()].join(", ") };
      return new Response("method not allowed", { status: 405, headers });
    }
    return handling(() => page(request, context.state, context));
  };
}
