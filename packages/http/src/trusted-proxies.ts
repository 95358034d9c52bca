/**
 * Which proxies are believed, and what they say about who asks. Headers of anybody else count for nothing.
 * Source: spec/runtime-modules.md §6.11 rows 5 and 9.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import type { Peer } from "./app-message.ts";

export type ProxyAddressFault = { readonly code: "http.bad-proxy"; readonly value: string };

/** A proxy that is no address and no range of addresses. */
export class ProxyAddressError extends KinodeError<ProxyAddressFault> {
  override name = "ProxyAddressError";
  constructor(value: string) {
    super(
      { code: "http.bad-proxy", value },
      `A trusted proxy is an address or a range, not "${value}"`,
      { hint: "Write it as 10.0.0.7, 10.0.0.0/8, ::1 or fd00::/8" },
    );
  }
}

/** What believed headers say; `undefined`: nothing. */
export interface Forwarded {
  readonly peer: Peer;
  readonly protocol: "http" | "https" | undefined;
  /** Host with its port, lower case. */
  readonly host: string | undefined;
}

interface Range {
  readonly bits: bigint;
  /** Of 128; IPv4 addresses count as `::ffff:…`. */
  readonly length: number;
}

const HOST = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::\d{1,5})?$/i;
const MAX_HOPS = 32;

export class TrustedProxies {
  readonly #ranges: readonly Range[];

  /** @throws {ProxyAddressError} one of them is neither address nor range */
  constructor(addresses: readonly string[]) {
    this.#ranges = addresses.map(readRange);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  includes(address: string): boolean {
    const bits = addressBits(address);
    return bits !== undefined && this.#ranges.some((range) => isInside(range, bits));
  }

  /** What a proxy says of the request it passes on; `undefined` when `socket` is no trusted proxy. */
  read(socket: Peer | null, headers: Headers): Forwarded | undefined {
    if (socket === null || !this.includes(socket.address)) return undefined;
    const forwarded = readForwarded(headers.get("forwarded"));
    const plain = readPlain(headers);
    const peer = this.#clientOf(socket, plain.hops, forwarded.hops);
    return {
      peer,
      protocol: toProtocol(plain.protocol ?? forwarded.protocol),
      host: toHost(plain.host ?? forwarded.host),
    };
  }

  /**
   * The last address that no trusted proxy has. A proxy that speaks only one of the two ways may pass on the other as
   * the client made it up: when both are there and differ, none is believed.
   */
  #clientOf(
    socket: Peer,
    plain: readonly string[] | undefined,
    forwarded: readonly string[] | undefined,
  ): Peer {
    const one = plain && this.#lastStranger(plain);
    const other = forwarded && this.#lastStranger(forwarded);
    if (plain !== undefined && forwarded !== undefined && one?.address !== other?.address) {
      return socket;
    }
    return one ?? other ?? socket;
  }

  #lastStranger(hops: readonly string[]): Peer | undefined {
    let last: Peer | undefined;
    for (const hop of hops.slice(-MAX_HOPS).toReversed()) {
      const peer = readHop(hop);
      if (peer === undefined) return last;
      last = peer;
      if (!this.includes(peer.address)) return peer;
    }
    return last;
  }
}

interface Claims {
  readonly hops: readonly string[] | undefined;
  readonly protocol: string | undefined;
  readonly host: string | undefined;
}

/** The nearest proxy adds at the end: what stands before may be made up. */
function lastOf(list: string | null): string | undefined {
  return list?.split(",").at(-1)?.trim();
}

function readPlain(headers: Headers): Claims {
  return {
    hops: headers
      .get("x-forwarded-for")
      ?.split(",")
      .map((hop) => hop.trim()),
    protocol: lastOf(headers.get("x-forwarded-proto")),
    host: lastOf(headers.get("x-forwarded-host")),
  };
}

/** `for=1.2.3.4;proto=https;host=a.example, for="[::1]:80"` (RFC 7239). */
function readForwarded(value: string | null): Claims {
  if (value === null) return { hops: undefined, protocol: undefined, host: undefined };
  const elements = value.split(",").map((element) => {
    const pairs = element.split(";").map((pair): [string, string] => {
      const equals = pair.indexOf("=");
      const text = pair.slice(equals + 1).trim();
      return [pair.slice(0, equals).trim().toLowerCase(), text.replace(/^"(.*)"$/, "$1")];
    });
    return new Map(pairs);
  });
  const last = elements.at(-1);
  return {
    hops: elements.map((element) => element.get("for") ?? ""),
    protocol: last?.get("proto"),
    host: last?.get("host"),
  };
}

function toProtocol(text: string | undefined): "http" | "https" | undefined {
  const lower = text?.toLowerCase();
  return lower === "http" || lower === "https" ? lower : undefined;
}

function toHost(text: string | undefined): string | undefined {
  return text !== undefined && HOST.test(text) ? text.toLowerCase() : undefined;
}

/** `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]`, `[::1]:80`; the port is 0 when it is not said. */
function readHop(hop: string): Peer | undefined {
  const match = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(hop) ?? /^([^:]+):(\d{1,5})$/.exec(hop);
  const address = match === null ? hop : match[1]!;
  if (addressBits(address) === undefined) return undefined;
  return { address, port: Number(match?.[2] ?? 0) };
}

function readRange(text: string): Range {
  const slash = text.indexOf("/");
  const address = slash === -1 ? text : text.slice(0, slash);
  const bits = addressBits(address);
  if (bits === undefined) throw new ProxyAddressError(text);
  const isV4 = !address.includes(":");
  const width = isV4 ? 32 : 128;
  const given = slash === -1 ? String(width) : text.slice(slash + 1);
  const length = /^\d{1,3}$/.test(given) ? Number(given) : Number.NaN;
  if (!(length >= 0 && length <= width)) throw new ProxyAddressError(text);
  return { bits, length: isV4 ? length + 96 : length };
}

function isInside({ bits, length }: Range, address: bigint): boolean {
  const shift = BigInt(128 - length);
  return bits >> shift === address >> shift;
}

/** The 128 bits of an address; `undefined` when it is none. */
function addressBits(address: string): bigint | undefined {
  if (!address.includes(":")) {
    const v4 = v4Bits(address);
    return v4 === undefined ? undefined : (0xffffn << 32n) | v4;
  }
  const tail = address.slice(address.lastIndexOf(":") + 1);
  if (!tail.includes(".")) return v6Bits(address);
  const v4 = v4Bits(tail);
  if (v4 === undefined) return undefined;
  const words = `${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  return v6Bits(address.slice(0, address.length - tail.length) + words);
}

function v4Bits(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    bits = (bits << 8n) | BigInt(part);
  }
  return bits;
}

function v6Bits(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  let bits = 0n;
  for (const word of [...head, ...Array<string>(missing).fill("0"), ...tail]) {
    if (!/^[0-9a-f]{1,4}$/i.test(word)) return undefined;
    bits = (bits << 16n) | BigInt(`0x${word}`);
  }
  return bits;
}
