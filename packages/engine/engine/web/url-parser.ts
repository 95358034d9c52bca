/**
 * The URL parser: the standard's state machine, state by state.
 * Source: URL Standard §4.4 (WHATWG).
 * @module
 */
import { ENCODE, encodeCharacter, encodeText } from "./percent-encoding.ts";
import { parseHost } from "./url-host.ts";
import {
  defaultPort,
  emptyRecord,
  hasCredentials,
  isSpecial,
  type UrlRecord,
} from "./url-record.ts";

/** States a setter of `URL` begins in. */
export type StartState =
  "scheme start" | "host" | "hostname" | "port" | "path start" | "query" | "fragment";

type State =
  | StartState
  | "scheme"
  | "no scheme"
  | "relative or authority"
  | "path or authority"
  | "relative"
  | "relative slash"
  | "authority slashes"
  | "ignore slashes"
  | "authority"
  | "file"
  | "file slash"
  | "file host"
  | "path"
  | "opaque path"
  | "end";

const END = "";
const DRIVE = /^[a-zA-Z][:|]$/;
const STARTS_WITH_DRIVE = /^[a-zA-Z][:|](?:$|[/\\?#])/;
const SINGLE_DOT = /^(?:\.|%2e)$/i;
const DOUBLE_DOT = /^(?:\.|%2e){2}$/i;

class Failure extends Error {}

function fail(): never {
  throw new Failure();
}

/** One run of the parser over one input. */
class Parser {
  readonly #text: string;
  readonly #base: UrlRecord | undefined;
  readonly #override: StartState | undefined;
  #url: UrlRecord;
  #state: State;
  #at = 0;

  constructor(text: string, base?: UrlRecord, url?: UrlRecord, override?: StartState) {
    this.#text = text;
    this.#base = base;
    this.#url = url ?? emptyRecord();
    this.#override = override;
    this.#state = override ?? "scheme start";
  }

  run(): UrlRecord {
    while (this.#state !== "end") this.#step();
    return this.#url;
  }

  get #next(): string {
    return this.#text[this.#at] ?? END;
  }

  /** Everything up to the first of `ends`, which is where the parser is afterwards. */
  #until(ends: RegExp): string {
    const rest = this.#text.slice(this.#at);
    const found = rest.search(ends);
    const taken = found < 0 ? rest : rest.slice(0, found);
    this.#at += taken.length;
    return taken;
  }

  #isSlash(): boolean {
    return this.#next === "/" || (this.#next === "\\" && isSpecial(this.#url));
  }

  #step(): void {
    switch (this.#state) {
      case "scheme start":
      case "scheme":
        return this.#scheme();
      case "no scheme":
        return this.#noScheme();
      case "relative or authority":
        return this.#slashes("//", "ignore slashes", "relative");
      case "path or authority":
        return this.#slashes("/", "authority", "path");
      case "relative":
        return this.#relative();
      case "relative slash":
        return this.#relativeSlash();
      case "authority slashes":
        return this.#slashes("//", "ignore slashes", "ignore slashes");
      case "ignore slashes":
        this.#until(/[^/\\]/);
        this.#state = "authority";
        return;
      case "authority":
        return this.#authority();
      case "host":
      case "hostname":
        return this.#host();
      case "port":
        return this.#port();
      case "file":
        return this.#file();
      case "file slash":
        return this.#fileSlash();
      case "file host":
        return this.#fileHost();
      case "path start":
        return this.#pathStart();
      case "path":
        return this.#path();
      case "opaque path":
        return this.#opaquePath();
      case "query":
        return this.#query();
      case "fragment":
        this.#url.fragment = encodeText(this.#text.slice(this.#at), ENCODE.fragment);
        return this.#stop();
      case "end":
        return;
    }
  }

  #slashes(wanted: string, found: State, otherwise: State): void {
    if (this.#text.startsWith(wanted, this.#at)) {
      this.#at += wanted.length;
      this.#state = found;
    } else this.#state = otherwise;
  }

  #scheme(): void {
    const match = /^([a-zA-Z][a-zA-Z\d+\-.]*)(:|$)/.exec(this.#text);
    const isWhole = match !== null && (match[2] === ":" || this.#override !== undefined);
    if (!isWhole) {
      if (this.#override !== undefined) return this.#stop();
      this.#state = "no scheme";
      return;
    }
    const scheme = match[1]!.toLowerCase();
    if (this.#override !== undefined) return this.#changeScheme(scheme);
    this.#url.scheme = scheme;
    this.#at = match[0].length;
    if (scheme === "file") this.#state = "file";
    else if (isSpecial(this.#url)) {
      const isSame = this.#base?.scheme === scheme;
      this.#state = isSame ? "relative or authority" : "authority slashes";
    } else if (this.#next === "/") {
      this.#at++;
      this.#state = "path or authority";
    } else {
      this.#url.path = "";
      this.#state = "opaque path";
    }
  }

  #changeScheme(scheme: string): void {
    const url = this.#url;
    this.#stop();
    if (isSpecial(url) !== isSpecial({ scheme })) return;
    if (scheme === "file" && (hasCredentials(url) || url.port !== null)) return;
    if (url.scheme === "file" && (url.host === null || url.host === "")) return;
    url.scheme = scheme;
    if (url.port === defaultPort(scheme)) url.port = null;
  }

  #stop(): void {
    this.#state = "end";
  }

  #noScheme(): void {
    const base = this.#base ?? fail();
    if (typeof base.path === "string") {
      if (this.#next !== "#") fail();
      this.#url = { ...base, fragment: "" };
      this.#at++;
      this.#state = "fragment";
    } else this.#state = base.scheme === "file" ? "file" : "relative";
  }

  #relative(): void {
    const base = this.#base!;
    this.#url.scheme = base.scheme;
    if (this.#isSlash()) {
      this.#at++;
      this.#state = "relative slash";
      return;
    }
    this.#url = { ...base, path: [...(base.path as string[])], fragment: null };
    this.#afterBase();
  }

  /** With the base's path in place: a query, a fragment or a path follows. */
  #afterBase(): void {
    const url = this.#url;
    if (this.#next === "?" || this.#next === "#") {
      const isQuery = this.#next === "?";
      if (isQuery) url.query = "";
      else url.fragment = "";
      this.#at++;
      this.#state = isQuery ? "query" : "fragment";
    } else if (this.#next === END) this.#stop();
    else {
      url.query = null;
      shorten(url);
      this.#state = "path";
    }
  }

  #relativeSlash(): void {
    const slashes = isSpecial(this.#url) ? "/\\" : "/";
    if (this.#next !== END && slashes.includes(this.#next)) {
      this.#at++;
      this.#state = isSpecial(this.#url) ? "ignore slashes" : "authority";
      return;
    }
    const { username, password, host, port } = this.#base!;
    Object.assign(this.#url, { username, password, host, port });
    this.#state = "path";
  }

  #authority(): void {
    const ends = isSpecial(this.#url) ? /[/\\?#]/ : /[/?#]/;
    const start = this.#at;
    const authority = this.#until(ends);
    const at = authority.lastIndexOf("@");
    this.#state = "host";
    if (at < 0) {
      this.#at = start;
      return;
    }
    if (at === authority.length - 1) fail();
    const credentials = authority.slice(0, at);
    const colon = credentials.indexOf(":");
    const name = colon < 0 ? credentials : credentials.slice(0, colon);
    this.#url.username = encodeText(name, ENCODE.userinfo);
    if (colon >= 0) this.#url.password = encodeText(credentials.slice(colon + 1), ENCODE.userinfo);
    this.#at = start + at + 1;
  }

  #host(): void {
    const url = this.#url;
    if (this.#override !== undefined && url.scheme === "file") {
      this.#state = "file host";
      return;
    }
    const text = this.#hostText();
    const hasPort = this.#next === ":";
    if (hasPort && text === "") return this.#failOrStop();
    if (hasPort && this.#override === "hostname") return this.#failOrStop();
    if (text === "" && isSpecial(url)) return this.#failOrStop();
    if (text === "" && this.#override !== undefined && (hasCredentials(url) || url.port !== null))
      return this.#stop();
    const host = text === "" ? "" : parseHost(text, isSpecial(url));
    if (host === undefined) return this.#failOrStop();
    url.host = host;
    if (hasPort) {
      this.#at++;
      this.#state = "port";
    } else if (this.#override !== undefined) this.#stop();
    else this.#state = "path start";
  }

  /** Up to a port, a path, a query or a fragment; colons between brackets belong to it. */
  #hostText(): string {
    const ends = isSpecial(this.#url) ? "/\\?#" : "/?#";
    const start = this.#at;
    let isInside = false;
    for (; this.#next !== END && !ends.includes(this.#next); this.#at++) {
      if (this.#next === "[") isInside = true;
      else if (this.#next === "]") isInside = false;
      else if (this.#next === ":" && !isInside) break;
    }
    return this.#text.slice(start, this.#at);
  }

  #failOrStop(): void {
    if (this.#override === undefined) fail();
    this.#stop();
  }

  #port(): void {
    const digits = this.#until(/\D/);
    const isEnd = this.#next === END || "/?#".includes(this.#next) || this.#isSlash();
    if (!isEnd && (this.#override === undefined || digits === "")) return this.#failOrStop();
    if (digits !== "") {
      const port = Number(digits);
      if (port > 65_535) return this.#failOrStop();
      this.#url.port = port === defaultPort(this.#url.scheme) ? null : port;
    }
    if (this.#override !== undefined) this.#stop();
    else this.#state = "path start";
  }

  #file(): void {
    this.#url.scheme = "file";
    this.#url.host = "";
    if (this.#next === "/" || this.#next === "\\") {
      this.#at++;
      this.#state = "file slash";
      return;
    }
    const base = this.#base;
    if (base?.scheme !== "file" || typeof base.path === "string") {
      this.#state = "path";
      return;
    }
    this.#url = { ...base, path: [...base.path], fragment: null };
    if (STARTS_WITH_DRIVE.test(this.#text.slice(this.#at))) {
      Object.assign(this.#url, { path: [], query: null });
      this.#state = "path";
    } else this.#afterBase();
  }

  #fileSlash(): void {
    if (this.#next === "/" || this.#next === "\\") {
      this.#at++;
      this.#state = "file host";
      return;
    }
    const base = this.#base;
    if (base?.scheme === "file") {
      this.#url.host = base.host;
      const drive = base.path[0];
      const keeps = !STARTS_WITH_DRIVE.test(this.#text.slice(this.#at));
      if (keeps && drive !== undefined && /^[a-zA-Z]:$/.test(drive)) this.#url.path = [drive];
    }
    this.#state = "path";
  }

  #fileHost(): void {
    const text = this.#until(/[/\\?#]/);
    if (this.#override === undefined && DRIVE.test(text)) {
      this.#at -= text.length;
      this.#state = "path";
      return;
    }
    const host = text === "" ? "" : parseHost(text, true);
    if (host === undefined) return this.#failOrStop();
    this.#url.host = host === "localhost" ? "" : host;
    if (this.#override !== undefined) this.#stop();
    else this.#state = "path start";
  }

  #pathStart(): void {
    const url = this.#url;
    this.#state = "path";
    if (isSpecial(url)) {
      if (this.#isSlash()) this.#at++;
    } else if (this.#override === undefined && (this.#next === "?" || this.#next === "#")) {
      this.#path();
    } else if (this.#next === "/") this.#at++;
    else if (this.#next === END) {
      if (this.#override !== undefined && url.host === null) (url.path as string[]).push("");
      this.#stop();
    }
  }

  #path(): void {
    const url = this.#url;
    const path = url.path as string[];
    const hasQuery = this.#override === undefined;
    if (
      hasQuery &&
      !isSpecial(url) &&
      (this.#next === "?" || this.#next === "#") &&
      path.length === 0
    )
      return this.#afterPath();
    const ends = isSpecial(url) ? (hasQuery ? /[/\\?#]/ : /[/\\]/) : hasQuery ? /[/?#]/ : /\//;
    for (;;) {
      const segment = encodeText(this.#until(ends), ENCODE.path);
      const isSlash = this.#isSlash();
      addSegment(url, segment, isSlash);
      if (!isSlash) return this.#afterPath();
      this.#at++;
    }
  }

  #afterPath(): void {
    const next = this.#next;
    this.#at++;
    if (next === "?") {
      this.#url.query = "";
      this.#state = "query";
    } else if (next === "#") {
      this.#url.fragment = "";
      this.#state = "fragment";
    } else this.#stop();
  }

  #opaquePath(): void {
    let path = "";
    for (const character of this.#until(/[?#]/)) path += encodeCharacter(character, ENCODE.control);
    // A space at the end would be lost when the text is parsed again.
    if (this.#next !== END && path.endsWith(" ")) path = `${path.slice(0, -1)}%20`;
    this.#url.path = path;
    this.#afterPath();
  }

  #query(): void {
    const text = this.#override === undefined ? this.#until(/#/) : this.#text.slice(this.#at);
    const set = isSpecial(this.#url) ? ENCODE.specialQuery : ENCODE.query;
    this.#url.query += encodeText(text, set);
    if (this.#override === undefined) this.#afterPath();
    else this.#stop();
  }
}

function shorten(url: UrlRecord): void {
  const path = url.path as string[];
  if (url.scheme === "file" && path.length === 1 && /^[a-zA-Z]:$/.test(path[0]!)) return;
  path.pop();
}

function addSegment(url: UrlRecord, segment: string, isSlash: boolean): void {
  const path = url.path as string[];
  if (DOUBLE_DOT.test(segment)) {
    shorten(url);
    if (!isSlash) path.push("");
  } else if (SINGLE_DOT.test(segment)) {
    if (!isSlash) path.push("");
  } else {
    const isDrive = url.scheme === "file" && path.length === 0 && DRIVE.test(segment);
    path.push(isDrive ? `${segment[0]}:` : segment);
  }
}

// oxlint-disable-next-line no-control-regex -- the standard strips them
const OUTER = /^[\0-\x20]+|[\0-\x20]+$/g;

function guarded(run: () => UrlRecord): UrlRecord | undefined {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof Failure) return undefined;
    throw thrown;
  }
}

/** `undefined`: not a URL. */
export function parseUrl(text: string, base?: UrlRecord): UrlRecord | undefined {
  const input = text.replace(OUTER, "").replaceAll(/[\t\n\r]/g, "");
  return guarded(() => new Parser(input, base).run());
}

/** Changes one part of a record; input that does not fit changes nothing. */
export function changeUrl(url: UrlRecord, text: string, state: StartState): void {
  guarded(() => new Parser(text.replaceAll(/[\t\n\r]/g, ""), undefined, url, state).run());
}
