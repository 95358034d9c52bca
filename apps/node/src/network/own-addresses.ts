/**
 * Addresses of this machine at which others may find it.
 * @module
 */
import { networkInterfaces } from "node:os";

/** What others are told at most. */
const MAX_ADDRESSES = 6;

export interface OwnAddresses {
  /** Likeliest first: of local networks, then the machine's own for nodes on the same machine. */
  readonly all: readonly string[];
  /** Whether this machine speaks IPv6 at all. */
  readonly hasIpv6: boolean;
}

const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address);

/** Addresses of one link alone need the name of an interface, which only this machine knows: they are left out. */
export function readOwnAddresses(interfaces = networkInterfaces()): OwnAddresses {
  const found = Object.values(interfaces).flatMap((each) => each ?? []);
  const outside = found.filter(({ internal, address }) => !internal && !isLinkLocal(address));
  const of = (family: "IPv4" | "IPv6"): string[] =>
    outside.filter((each) => each.family === family).map(({ address }) => address);
  return {
    all: [...new Set([...of("IPv4"), ...of("IPv6")])]
      .slice(0, MAX_ADDRESSES - 1)
      .concat("127.0.0.1"),
    hasIpv6: found.some(({ family }) => family === "IPv6"),
  };
}
