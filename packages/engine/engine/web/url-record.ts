/**
 * The parts of a URL, and how they are written.
 * Source: URL Standard §4.1, §4.5 (WHATWG).
 * @module
 */

export interface UrlRecord {
  /** Without the colon. */
  scheme: string;
  username: string;
  password: string;
  host: string | null;
  port: number | null;
  /** Segments, or one opaque text (`mailto:…`). */
  path: string[] | string;
  query: string | null;
  fragment: string | null;
}

/** Special schemes and their default ports. */
const SPECIAL = new Map<string, number | null>([
  ["http", 80],
  ["https", 443],
  ["ws", 80],
  ["wss", 443],
  ["ftp", 21],
  ["file", null],
]);

export function isSpecial({ scheme }: Pick<UrlRecord, "scheme">): boolean {
  return SPECIAL.has(scheme);
}

export function defaultPort(scheme: string): number | null {
  return SPECIAL.get(scheme) ?? null;
}

export function emptyRecord(): UrlRecord {
  return {
    scheme: "",
    username: "",
    password: "",
    host: null,
    port: null,
    path: [],
    query: null,
    fragment: null,
  };
}

export function hasCredentials({ username, password }: UrlRecord): boolean {
  return username !== "" || password !== "";
}

/** Whether it may have no user name, password or port. */
export function cannotHaveCredentials({ host, scheme }: UrlRecord): boolean {
  return host === null || host === "" || scheme === "file";
}

export function hostText({ host, port }: UrlRecord): string {
  if (host === null) return "";
  return port === null ? host : `${host}:${port}`;
}

export function pathText({ path }: UrlRecord): string {
  return typeof path === "string" ? path : path.map((segment) => `/${segment}`).join("");
}

export function hrefText(url: UrlRecord): string {
  let text = `${url.scheme}:`;
  if (url.host !== null) {
    text += "//";
    if (hasCredentials(url)) {
      text += url.username;
      if (url.password !== "") text += `:${url.password}`;
      text += "@";
    }
    text += hostText(url);
  } else if (Array.isArray(url.path) && url.path.length > 1 && url.path[0] === "") {
    text += "/."; // else the path would read as a host
  }
  text += pathText(url);
  if (url.query !== null) text += `?${url.query}`;
  if (url.fragment !== null) text += `#${url.fragment}`;
  return text;
}

/** `null` for schemes whose URLs have no origin. */
export function originText(url: UrlRecord): string {
  if (!isSpecial(url) || url.scheme === "file") return "null";
  return `${url.scheme}://${hostText(url)}`;
}
