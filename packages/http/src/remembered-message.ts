/**
 * The message of the last request for one URL, kept as bytes. Browsers and programs send the same headers again and again;
 * then only who asks has to be written anew.
 * @module
 */
import { appMessageJson, headersJson, type Peer, peerText } from "./app-message.ts";
import { encodeText } from "./encode-text.ts";

type Headers = Readonly<Record<string, string | undefined>>;

/** Longer messages are not kept: there is one for each URL that is remembered. */
const MAX_KEPT_BYTES = 2_048;
/** Where the address begins in every message that has one. */
const ADDRESS_AT = '{"Http":{"source_socket_addr":"'.length;

export class RememberedMessage {
  readonly #routeJson: string;
  #method = "";
  #headers: Headers = {};
  #headerCount = 0;
  #addressLength = 0;
  /** Of the last message; `undefined`: none is kept. */
  #bytes: Uint8Array | undefined;

  /** @param routeJson - of `routeJson` */
  constructor(routeJson: string) {
    this.#routeJson = routeJson;
  }

  /** The whole message as bytes that nobody else has. */
  encode(peer: Peer | null, method: string, headers: Headers): Uint8Array {
    const last = this.#bytes;
    if (last === undefined || peer === null || method !== this.#method) {
      return this.#make(peer, method, headers);
    }
    const address = peerText(peer);
    if (address.length !== this.#addressLength || !this.#hasHeaders(headers)) {
      return this.#make(peer, method, headers);
    }
    const bytes = last.slice();
    for (let i = 0; i < address.length; i++) bytes[ADDRESS_AT + i] = address.charCodeAt(i);
    return bytes;
  }

  #make(peer: Peer | null, method: string, headers: Headers): Uint8Array {
    const text = appMessageJson(peer, method, this.#routeJson, headersJson(headers));
    const bytes = encodeText(text);
    if (peer === null || bytes.length > MAX_KEPT_BYTES) return bytes;
    this.#method = method;
    this.#headers = headers;
    this.#headerCount = Object.values(headers).filter((value) => value !== undefined).length;
    this.#addressLength = peerText(peer).length;
    // A copy: the receiver has the other one.
    this.#bytes = bytes.slice();
    return bytes;
  }

  #hasHeaders(headers: Headers): boolean {
    const known = this.#headers;
    let count = 0;
    for (const name in headers) {
      const value = headers[name];
      if (value === undefined) continue;
      if (value !== known[name]) return false;
      count++;
    }
    return count === this.#headerCount;
  }
}
