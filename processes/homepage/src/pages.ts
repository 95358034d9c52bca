/**
 * What the home page serves.
 * Source: spec/packages-and-tools.md §14.2.
 * @module
 */
import { our } from "@kinode-ts/stdlib";
import type { HttpHandler, HttpServer } from "@kinode-ts/stdlib/http";
import { Response } from "@kinode-ts/stdlib/http";
import type { Apps } from "./apps.ts";

/** Version of the system this page is part of. */
const VERSION = "0.1.0";

const OPEN = { authenticated: false } as const;

function svg(shape: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" role="img" aria-label="Kinode">${shape}</svg>`;
}

const BIRD = "M4 22c6 0 8-3 10-8 2 3 5 4 9 3l5-4-1 6c-2 6-8 9-14 8-4-1-7-3-9-5z";
const PICTURES: Readonly<Record<string, string>> = {
  "/kinode.svg": svg(
    `<rect width="32" height="32" rx="7" fill="#b3430b"/><path fill="#fff" d="${BIRD}"/>`,
  ),
  "/bird-orange.svg": svg(`<path fill="#f35422" d="${BIRD}"/>`),
  "/bird-plain.svg": svg(`<path fill="currentColor" d="${BIRD}"/>`),
};

function pair(value: unknown): readonly [string, unknown] {
  if (!Array.isArray(value) || value.length !== 2 || typeof value[0] !== "string") {
    throw new TypeError('expected ["process id", value]');
  }
  return [value[0], value[1]];
}

function parseFavorite(value: unknown): readonly [string, boolean] {
  const [id, favorite] = pair(value);
  if (typeof favorite !== "boolean") throw new TypeError('expected ["process id", true or false]');
  return [id, favorite];
}

function parseOrder(value: unknown): (readonly [string, number])[] {
  if (!Array.isArray(value)) throw new TypeError('expected [["process id", number], …]');
  return value.map((item) => {
    const [id, order] = pair(item);
    if (!Number.isInteger(order)) throw new TypeError('expected [["process id", number], …]');
    return [id, order as number];
  });
}

/** A handler for one method; others are told which one. */
function only(method: string, handler: HttpHandler): HttpHandler {
  return (request) =>
    request.method === method
      ? handler(request)
      : new Response(`use ${method}`, { status: 405, headers: { allow: method } });
}

/** Everything that needs no other part of the node to be up. */
export async function bindPages(
  server: HttpServer,
  apps: Apps,
  pending: () => readonly string[],
): Promise<void> {
  const { node } = our();
  const script = `window.our = window.our ?? {}; window.our.node = ${JSON.stringify(node)};`;
  await Promise.all([
    server.static("/our", node, { ...OPEN, mime: "text/plain; charset=utf-8" }),
    server.static("/our.js", script, { ...OPEN, mime: "text/javascript; charset=utf-8" }),
    server.static("/amionline", "yes", { ...OPEN, mime: "text/plain; charset=utf-8" }),
    ...Object.entries(PICTURES).map(([path, picture]) =>
      server.static(path, picture, { ...OPEN, mime: "image/svg+xml" }),
    ),
    server.bind(
      "/apps",
      {},
      only("GET", () => Response.json(apps.list())),
    ),
    server.bind(
      "/version",
      {},
      only("GET", () => Response.json(VERSION)),
    ),
    server.bind(
      "/ready",
      {},
      only("GET", () => Response.json({ ready: pending().length === 0, pending: pending() })),
    ),
    server.bind(
      "/favorite",
      {},
      only("POST", async (request) => {
        await apps.setFavorite(...(await request.json(parseFavorite)));
        return new Response();
      }),
    ),
    server.bind(
      "/order",
      {},
      only("POST", async (request) => {
        await apps.setOrder(await request.json(parseOrder));
        return new Response();
      }),
    ),
  ]);
}
