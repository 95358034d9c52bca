/**
 * The answers the server gives itself. Empty ones name the same type as the reference does.
 * Source: spec/runtime-modules.md §6.3.
 * @module
 */

export function emptyResponse(status: number): Response {
  return new Response("", { status, headers: { "content-type": "application/octet-stream" } });
}

export function textResponse(status: number, text: string): Response {
  return new Response(text, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}

/** @param headers - pairs, so that a header may come twice */
export function jsonResponse(
  status: number,
  json: unknown,
  headers: readonly (readonly [string, string])[] = [],
): Response {
  return new Response(JSON.stringify(json), {
    status,
    headers: [
      ["content-type", "application/json"],
      ...headers.map(([a, b]) => [a, b] as [string, string]),
    ],
  });
}

/** An error of the endpoints under `/~/` and of RPC, in the shape of the control interface. */
export function errorResponse(status: number, code: string, message: string): Response {
  return jsonResponse(status, { error: { code, message } });
}

export function redirectResponse(
  status: 303 | 307,
  location: string,
  headers: readonly (readonly [string, string])[] = [],
): Response {
  return new Response(null, {
    status,
    headers: [["location", location], ...headers.map(([a, b]) => [a, b] as [string, string])],
  });
}
