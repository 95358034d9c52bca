/**
 * Who sent one request: from the socket, or from the headers of a proxy that is trusted.
 * @module
 */
import type { Peer } from "./app-message.ts";
import type { Host } from "./request-handler.ts";
import { isLocal, isSameOriginAs } from "./trust.ts";
import type { Forwarded, TrustedProxies } from "./trusted-proxies.ts";

export class Client {
  readonly request: Request;
  readonly #host: Host;
  readonly #forwarded: Forwarded | undefined;
  #peer: Peer | null | undefined;
  #holdCount = 0;

  constructor(request: Request, host: Host, proxies: TrustedProxies) {
    this.request = request;
    this.#host = host;
    if (proxies.isEmpty) return;
    this.#peer = host.peerOf(request);
    this.#forwarded = proxies.read(this.#peer, request.headers);
  }

  /** Address and port of who asks; port 0 when a proxy does not say it. */
  get peer(): Peer | null {
    return this.#forwarded?.peer ?? this.#socket;
  }

  /** No host was asked for, as HTTP/1.0 may. */
  get isNameless(): boolean {
    const { url, headers } = this.request;
    return url.startsWith("/") && !headers.has("host");
  }

  /** The URL by the name that the client used; `localhost` when it used none (§6.4). */
  get url(): string {
    const { url } = this.request;
    const named = this.isNameless ? `http://localhost${url}` : url;
    const host = this.#forwarded?.host;
    if (host === undefined) return named;
    return named.replace(/^(https?:\/\/)[^/]*/, (_, scheme: string) => scheme + host);
  }

  get protocol(): "http" | "https" {
    return this.#forwarded?.protocol ?? (this.request.url.startsWith("https:") ? "https" : "http");
  }

  /** From a program on this machine, with no proxy between: not even a trusted one, who passes on for others. */
  get isLocal(): boolean {
    return isLocal(this.#socket, this.request.headers);
  }

  /** No `Origin`, or the one of this node. */
  get isSameOrigin(): boolean {
    const { headers } = this.request;
    return isSameOriginAs(headers, this.#forwarded?.host ?? headers.get("host"));
  }

  /** Lets the connection stay open without traffic, until as many `letGo` have followed. */
  hold(): void {
    if (this.#holdCount++ === 0) this.#host.limitIdle(this.request, false);
  }

  /** NOTE: the host keeps what was said of a connection also when its request is answered. */
  letGo(): void {
    if (--this.#holdCount === 0) this.#host.limitIdle(this.request, true);
  }

  get #socket(): Peer | null {
    if (this.#peer === undefined) this.#peer = this.#host.peerOf(this.request);
    return this.#peer;
  }
}
