/** Source: spec/network-identity.md §1.1, §2.1. */
import { expect, test } from "bun:test";
import { identityOf, KnownNodes, portOf, readKey } from "./known-nodes.ts";

const KEY = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
const ports = new Map([
  ["tcp", 0],
  ["ws", 9000],
]);

test("[N74] keys with and without 0x are equal, and what is no key never verifies", () => {
  expect(readKey(`0x${KEY}`)).toEqual(readKey(KEY)!);
  expect(readKey(KEY)?.length).toBe(32);
  for (const bad of ["", "0x", "zz", KEY.slice(2), `${KEY}00`, `0x0x${KEY}`]) {
    expect([bad, readKey(bad)]).toEqual([bad, undefined]);
  }
});

test("[N57] port 0 counts as absent", () => {
  expect([portOf(ports, "tcp"), portOf(ports, "ws")]).toEqual([undefined, 9000]);
  expect(portOf(new Map(), "ws")).toBeUndefined();
});

test("a node with an address is direct by its first one, any other by its routers; the last word wins", () => {
  const update = {
    name: "bob.os",
    publicKey: KEY,
    ips: ["1.2.3.4", "5.6.7.8"],
    ports,
    routers: ["r.os"],
  };
  expect(identityOf(update).routing).toEqual({ kind: "direct", ip: "1.2.3.4", ports });
  expect(identityOf({ ...update, ips: [] }).routing).toEqual({
    kind: "routers",
    routers: ["r.os"],
  });
  const known = new KnownNodes();
  known.set(identityOf(update));
  known.set(identityOf({ ...update, publicKey: "0x", ips: [] }));
  expect([known.size, known.keyOf("bob.os"), known.find("bob.os")?.identity.routing.kind]).toEqual([
    1,
    undefined,
    "routers",
  ]);
  expect([...known].map(({ name }) => name)).toEqual(["bob.os"]);
});
