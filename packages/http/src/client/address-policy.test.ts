import { expect, test } from "bun:test";
import { createAddressPolicy, parseAddress } from "./address-policy.ts";

const OWN_PORT = 8_080;
const refusalOf = createAddressPolicy({
  ownPorts: () => [OWN_PORT],
  isThisMachine: (address) => address === "192.168.1.7",
});

for (const address of [
  "127.0.0.1",
  "127.9.9.9",
  "0.0.0.0",
  "::1",
  "::",
  "::ffff:127.0.0.1",
  "192.168.1.7",
]) {
  test(`${address} is the node itself at its own port, and may be reached at others`, () => {
    expect(refusalOf(address, OWN_PORT)).toContain("is the node itself");
    expect(refusalOf(address, 9_000)).toBeUndefined();
  });
}

for (const address of [
  "169.254.169.254",
  "169.254.0.1",
  "::ffff:169.254.169.254",
  "::ffff:a9fe:a9fe",
  "::169.254.169.254",
  "64:ff9b::169.254.169.254",
  "fe80::1",
  "fe80::1%eth0",
  "febf::1",
  "fd00:ec2::254",
  "100.100.100.200",
]) {
  test(`${address} may not be reached at any port`, () => {
    expect(refusalOf(address, 80)).toContain("link-local or metadata");
  });
}

for (const address of ["8.8.8.8", "2001:4860:4860::8888", "10.1.2.3", "192.168.1.8", "fd12::1"]) {
  test(`${address} may be reached, at any port`, () => {
    expect(refusalOf(address, OWN_PORT)).toBeUndefined();
  });
}

test("private ranges and this machine can be closed off", () => {
  const strict = createAddressPolicy({
    ownPorts: () => [],
    isThisMachine: () => false,
    privateRanges: false,
  });
  for (const address of [
    "10.1.2.3",
    "172.16.0.1",
    "172.31.9.9",
    "192.168.0.1",
    "100.64.0.1",
    "fd12::1",
    "127.0.0.1",
    "::1",
  ])
    expect(strict(address, 80)).toContain("private");
  for (const address of ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1"])
    expect(strict(address, 80)).toBeUndefined();
});

test("what is no numeric address is refused, whatever it may mean elsewhere", () => {
  for (const text of [
    "",
    "localhost",
    "127.1",
    "0x7f000001",
    "2130706433",
    "127.0.0.01",
    "1.2.3.256",
    ":::",
    "1::2::3",
    "12345::",
    "1:2:3:4:5:6:7",
  ]) {
    expect(parseAddress(text)).toBeUndefined();
    expect(refusalOf(text, 80)).toContain("is no address");
  }
});
