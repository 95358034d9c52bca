/**
 * `URL`.
 * Source: URL Standard §6.1 (WHATWG).
 * @module
 */
import { ENCODE, encodeText } from "./percent-encoding.ts";
import { changeUrl, parseUrl } from "./url-parser.ts";
import {
  cannotHaveCredentials,
  hostText,
  hrefText,
  originText,
  pathText,
  type UrlRecord,
} from "./url-record.ts";
import { bindToUrl, replacePairs, URLSearchParams } from "./url-search-params.ts";

function wellFormed(value: unknown): string {
  return `${value as string}`.toWellFormed();
}

function parseWithBase(url: unknown, base: unknown): UrlRecord | undefined {
  const text = wellFormed(url);
  if (base === undefined) return parseUrl(text);
  const parsed = parseUrl(wellFormed(base));
  return parsed && parseUrl(text, parsed);
}

export class URL {
  #record: UrlRecord;
  #params: URLSearchParams | undefined = undefined;

  /** @throws TypeError not a URL */
  constructor(url: unknown, base?: unknown) {
    const record = parseWithBase(url, base);
    if (record === undefined) {
      const against = base === undefined ? "" : ` against "${base as string}"`;
      throw new TypeError(`"${url as string}" cannot be parsed as a URL${against}`);
    }
    this.#record = record;
  }

  static canParse(url: unknown, base?: unknown): boolean {
    return parseWithBase(url, base) !== undefined;
  }

  static parse(url: unknown, base?: unknown): URL | null {
    return URL.canParse(url, base) ? new URL(url, base) : null;
  }

  get href(): string {
    return hrefText(this.#record);
  }
  set href(value: unknown) {
    const record = parseUrl(wellFormed(value));
    if (record === undefined) {
      throw new TypeError(`"${value as string}" cannot be parsed as a URL`);
    }
    this.#record = record;
    this.#refreshParams();
  }

  get origin(): string {
    const { scheme, path } = this.#record;
    if (scheme !== "blob" || typeof path !== "string") return originText(this.#record);
    const inner = parseUrl(path);
    return inner?.scheme === "http" || inner?.scheme === "https" ? originText(inner) : "null";
  }

  get protocol(): string {
    return `${this.#record.scheme}:`;
  }
  set protocol(value: unknown) {
    const text = wellFormed(value);
    const colon = text.indexOf(":");
    changeUrl(this.#record, colon < 0 ? text : text.slice(0, colon), "scheme start");
  }

  get username(): string {
    return this.#record.username;
  }
  set username(value: unknown) {
    if (cannotHaveCredentials(this.#record)) return;
    this.#record.username = encodeText(wellFormed(value), ENCODE.userinfo);
  }

  get password(): string {
    return this.#record.password;
  }
  set password(value: unknown) {
    if (cannotHaveCredentials(this.#record)) return;
    this.#record.password = encodeText(wellFormed(value), ENCODE.userinfo);
  }

  get host(): string {
    return hostText(this.#record);
  }
  set host(value: unknown) {
    if (typeof this.#record.path !== "string") changeUrl(this.#record, wellFormed(value), "host");
  }

  get hostname(): string {
    return this.#record.host ?? "";
  }
  set hostname(value: unknown) {
    if (typeof this.#record.path === "string") return;
    changeUrl(this.#record, wellFormed(value), "hostname");
  }

  get port(): string {
    return this.#record.port === null ? "" : String(this.#record.port);
  }
  set port(value: unknown) {
    if (cannotHaveCredentials(this.#record)) return;
    const text = wellFormed(value);
    if (text === "") this.#record.port = null;
    else changeUrl(this.#record, text, "port");
  }

  get pathname(): string {
    return pathText(this.#record);
  }
  set pathname(value: unknown) {
    if (typeof this.#record.path === "string") return;
    this.#record.path = [];
    changeUrl(this.#record, wellFormed(value), "path start");
  }

  get search(): string {
    const { query } = this.#record;
    return query === null || query === "" ? "" : `?${query}`;
  }
  set search(value: unknown) {
    const text = wellFormed(value);
    if (text === "") this.#record.query = null;
    else {
      this.#record.query = "";
      changeUrl(this.#record, text.startsWith("?") ? text.slice(1) : text, "query");
    }
    this.#refreshParams();
  }

  get searchParams(): URLSearchParams {
    if (this.#params === undefined) {
      this.#params = new URLSearchParams(this.#record.query ?? "");
      if (this.#record.query !== null) replacePairs(this.#params, this.#record.query);
      bindToUrl(this.#params, (query) => (this.#record.query = query === "" ? null : query));
    }
    return this.#params;
  }

  get hash(): string {
    const { fragment } = this.#record;
    return fragment === null || fragment === "" ? "" : `#${fragment}`;
  }
  set hash(value: unknown) {
    const text = wellFormed(value);
    if (text === "") this.#record.fragment = null;
    else changeUrl(this.#record, text.startsWith("#") ? text.slice(1) : text, "fragment");
  }

  toString(): string {
    return this.href;
  }

  toJSON(): string {
    return this.href;
  }

  get [Symbol.toStringTag](): string {
    return "URL";
  }

  #refreshParams(): void {
    if (this.#params !== undefined) replacePairs(this.#params, this.#record.query ?? "");
  }
}
