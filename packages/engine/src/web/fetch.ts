/**
 * `fetch`, as requests to `http-client:distro:sys`. Bodies are whole, redirects are always followed.
 * Source: Fetch Standard §5.6; spec/packages-and-tools.md §25.8; spec/runtime-modules.md §7.
 * @module
 */
import type { GuestBlob, GuestCarriedEnd, GuestCarrier } from "@kinode-ts/types";

/** The parts of the web's `Request` and `Response` that are used: the engine's own, or the realm's. */
interface RequestLike {
  readonly url: string;
  readonly method: string;
  readonly headers: Iterable<[string, string]> & { has(name: string): boolean };
  readonly redirect: string;
  readonly signal: SignalLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}
interface SignalLike {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
}
export interface FetchPowers<Response> {
  readonly carry: GuestCarrier;
  readonly Request: new (input: never, init?: never) => RequestLike;
  readonly Response: new (
    body: Uint8Array<ArrayBuffer> | null,
    init: { status: number; headers: [string, string][] },
  ) => Response;
}

const CLIENT = "http-client:distro:sys";
/** Seconds until the module gives up; a signal can be faster. */
const PATIENCE_S = 60;
const WITHOUT_BODY = new Set([204, 205, 304]);
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

function failed(url: string, why: string): TypeError {
  return new TypeError(`fetch of "${url}" failed: ${why}`);
}

/** What the module says went wrong, e.g. `{"BadUrl":{"url":"nope"}}`. */
function reasonOf(error: unknown): string {
  if (typeof error === "string") return error;
  const [name, detail] = Object.entries(error ?? {})[0] ?? ["an unknown error", ""];
  return `${name}: ${typeof detail === "string" ? detail : JSON.stringify(detail)}`;
}

function answerOf(url: string, body: Uint8Array): HttpAnswer {
  let answer: { Ok?: { Http?: HttpAnswer }; Err?: unknown };
  try {
    answer = JSON.parse(new TextDecoder().decode(body)) as typeof answer;
  } catch {
    throw failed(url, `"${CLIENT}" answered something that is not JSON`);
  }
  if (answer.Ok?.Http !== undefined) return answer.Ok.Http;
  throw failed(url, answer.Err === undefined ? "an answer of another kind" : reasonOf(answer.Err));
}

/** The headers of a request as the module wants them: one value each. */
function headersOf(request: RequestLike, body: unknown): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of request.headers) headers[name] = value;
  // NOTE: Bun's own Request does not say so where other headers are given.
  if (typeof body === "string" && !request.headers.has("content-type")) {
    headers["content-type"] = "text/plain;charset=UTF-8";
  }
  if (!request.headers.has("accept")) headers["accept"] = "*/*";
  return headers;
}

async function blobOf(request: RequestLike, hasBody: boolean): Promise<GuestBlob | undefined> {
  const bytes = new Uint8Array(await request.arrayBuffer());
  return hasBody || bytes.length > 0 ? { bytes } : undefined;
}

export function createFetch<Response extends object>(
  powers: FetchPowers<Response>,
): (input: unknown, init?: object) => Promise<Response> {
  const { carry } = powers;

  function responseOf(url: string, end: GuestCarriedEnd): Response {
    if (end.kind === "send-error") {
      const hint = `grant messaging to "${CLIENT}" in the manifest`;
      throw failed(url, `${end.error} (no answer in ${PATIENCE_S} s, or no right to ask: ${hint})`);
    }
    const { status, headers } = answerOf(url, end.body);
    // Names and values that are not allowed in JavaScript's type are left out, as the module itself does.
    const pairs = Object.entries(headers ?? {}).filter(
      ([name, value]) => HEADER_NAME.test(name) && !/[\0\r\n]/.test(value),
    );
    const bytes = (end.blob?.bytes ?? new Uint8Array(0)) as Uint8Array<ArrayBuffer>;
    const response = new powers.Response(WITHOUT_BODY.has(status) ? null : bytes, {
      status,
      headers: pairs,
    });
    return Object.defineProperty(response, "url", { value: url, enumerable: true });
  }

  return async function fetch(input, init) {
    const request = new powers.Request(input as never, init as never);
    const { signal } = request;
    const url = request.url.replace(/#.*$/s, "");
    if (signal.aborted) throw signal.reason;
    if (request.redirect !== "follow") {
      throw failed(url, `redirects are always followed here, "${request.redirect}" is not offered`);
    }
    const body = (init as { body?: unknown } | undefined)?.body;
    const headers = headersOf(request, body); // before the body is read: Bun forgets its type then
    const blob = await blobOf(request, body !== undefined && body !== null);
    const http = { method: request.method, version: null, url, headers };
    return await new Promise<Response>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      const target = `our@${CLIENT}`;
      const text = JSON.stringify({ Http: http });
      carry({ target, body: text, expectsResponse: PATIENCE_S, blob }, (end) => {
        try {
          resolve(responseOf(url, end));
        } catch (thrown) {
          reject(thrown as Error);
        }
      });
    });
  };
}
