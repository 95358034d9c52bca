/**
 * Which requests go through a proxy, as the usual variables of the environment say.
 * Source: spec/runtime-modules.md §7.1. Names of this machine never go through one: `localhost` means the node's machine.
 * @module
 */
import { parseAddress } from "./address-policy.ts";

export interface ProxySettings {
  /** Proxy for `http:` and `ws:`. */
  readonly plain: URL | undefined;
  /** Proxy for `https:` and `wss:`. */
  readonly secure: URL | undefined;
  /** Hosts that are reached directly: names, endings of names, addresses, each with or without port; `*` is all. */
  readonly bypass: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws {TypeError} a proxy that is no URL; the text names the variable and what to do */
export function readProxySettings(environment: Environment): ProxySettings | undefined {
  const all = readProxy(environment, "ALL_PROXY");
  const plain = readProxy(environment, "HTTP_PROXY") ?? all;
  const secure = readProxy(environment, "HTTPS_PROXY") ?? all;
  if (plain === undefined && secure === undefined) return undefined;
  const { value = "" } = variable(environment, "NO_PROXY");
  const bypass = value.split(/[\s,]+/).filter((entry) => entry !== "");
  return { plain, secure, bypass: bypass.map((entry) => entry.toLowerCase()) };
}

function variable(environment: Environment, name: string): { name: string; value?: string } {
  for (const each of [name.toLowerCase(), name]) {
    const value = environment[each]?.trim();
    if (value !== undefined && value !== "") return { name: each, value };
  }
  return { name };
}

function readProxy(environment: Environment, name: string): URL | undefined {
  const { value, name: found } = variable(environment, name);
  if (value === undefined) return undefined;
  const url = URL.parse(value.includes("://") ? value : `http://${value}`);
  if (url === null || url.hostname === "") {
    throw new TypeError(
      `${found} is not the URL of a proxy: write it like "http://proxy.example:3128", or leave it out`,
    );
  }
  return url;
}

/**
 * The proxy for a request; `undefined` when it goes directly.
 * @throws {Error} it would have to go through one of a kind that is not spoken here: going around it is no choice of ours
 */
export function proxyFor(settings: ProxySettings | undefined, url: URL): URL | undefined {
  if (settings === undefined) return undefined;
  const isSecure = url.protocol === "https:" || url.protocol === "wss:";
  const proxy = isSecure ? settings.secure : settings.plain;
  if (proxy === undefined) return undefined;
  const hostname = url.hostname.toLowerCase().replace(/^\[|\]$|\.$/g, "");
  const port = url.port === "" ? (isSecure ? "443" : "80") : url.port;
  const isDirect =
    isThisMachine(hostname) || settings.bypass.some((entry) => covers(entry, hostname, port));
  if (isDirect) return undefined;
  if (proxy.protocol === "http:") return proxy;
  throw new Error(
    `the node is behind a proxy of the kind "${proxy.protocol}", which it cannot use`,
  );
}

/** `Proxy-Authorization` for a proxy whose URL has a user. */
export function proxyAuthorization(proxy: URL): string | undefined {
  if (proxy.username === "" && proxy.password === "") return undefined;
  const secret = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return `Basic ${new TextEncoder().encode(secret).toBase64()}`;
}

function isThisMachine(hostname: string): boolean {
  if (hostname === "localhost" || hostname.endsWith(".localhost")) return true;
  const groups = parseAddress(hostname);
  if (groups === undefined) return false;
  const isV4 = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isV4) return groups[6]! >> 8 === 127;
  return groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1;
}

/** `example.org` and `.example.org` cover the name and what ends with it; a port must be the same. */
function covers(entry: string, hostname: string, port: string): boolean {
  if (entry === "*") return true;
  const withPort = /^(.*[^:]):(\d+)$/.exec(entry);
  const isPlainV6 = withPort !== null && withPort[1]!.includes(":") && !entry.startsWith("[");
  if (withPort !== null && !isPlainV6) {
    return withPort[2] === port && covers(withPort[1]!, hostname, port);
  }
  const name = entry.replace(/^\[|\]$/g, "").replace(/^\*?\./, "");
  return name !== "" && (hostname === name || hostname.endsWith(`.${name}`));
}
