import { expect, test } from "bun:test";
import { readOwnAddresses } from "./own-addresses.ts";

type Interfaces = NonNullable<Parameters<typeof readOwnAddresses>[0]>;

const at = (address: string, internal = false) =>
  ({ address, internal, family: address.includes(":") ? "IPv6" : "IPv4" }) as never;

test("addresses of networks come first, the machine's own last, those of one link not at all", () => {
  const interfaces: Interfaces = {
    lo: [at("127.0.0.1", true), at("::1", true)],
    eth0: [at("192.0.2.2"), at("fd00::2"), at("fe80::1")],
    wlan0: [at("198.51.100.3")],
  };
  expect(readOwnAddresses(interfaces)).toEqual({
    all: ["192.0.2.2", "198.51.100.3", "fd00::2", "127.0.0.1"],
    hasIpv6: true,
  });
});

test("a machine without a network has its own address, one with many names a few", () => {
  expect(readOwnAddresses({ lo: [at("127.0.0.1", true)] })).toEqual({
    all: ["127.0.0.1"],
    hasIpv6: false,
  });
  const bridges = Array.from({ length: 20 }, (_, index) => at(`10.0.0.${index}`));
  expect(readOwnAddresses({ bridges }).all.length).toBe(6);
});
