/** Source: spec/network-identity.md §2.6, §1.6. */
import { expect, test } from "bun:test";
import { parseAddress } from "@kinode-ts/types";
import fc from "fast-check";
import { CodecError } from "../errors.ts";
import {
  decodeNetAction,
  decodeNetResponse,
  encodeNetAction,
  encodeNetResponse,
  type KnsUpdate,
  type NetAction,
  type NetResponse,
  type NodeIdentity,
} from "./index.ts";

const unhex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(/\s/g, ""));

const BOB: KnsUpdate = {
  name: "bob.os",
  publicKey: "0x0011",
  ips: ["1.2.3.4"],
  ports: new Map([
    ["ws", 9000],
    ["tcp", 10_000],
  ]),
  routers: [],
};
const BOB_HEX =
  "95 a6626f622e6f73 a6307830303131 91a7312e322e332e34 82 a3746370cd2710 a27773cd2328 90";
const FROM = parseAddress("a.os@p:q:a.os");

const ACTIONS: readonly (readonly [NetAction, string])[] = [
  [
    { kind: "ConnectionRequest", node: "alice.os" },
    "81 b1436f6e6e656374696f6e52657175657374 a8616c6963652e6f73",
  ],
  [{ kind: "KnsUpdate", update: BOB }, `81 a94b6e73557064617465 ${BOB_HEX}`],
  [{ kind: "KnsBatchUpdate", updates: [BOB] }, `81 ae4b6e734261746368557064617465 91 ${BOB_HEX}`],
  [{ kind: "GetPeers" }, "a84765745065657273"],
  [{ kind: "GetPeer", node: "bob.os" }, "81 a747657450656572 a6626f622e6f73"],
  [{ kind: "GetDiagnostics" }, "ae476574446961676e6f7374696373"],
  [{ kind: "Sign" }, "a45369676e"],
  [
    { kind: "Verify", from: FROM, signature: Uint8Array.of(1, 128) },
    "81 a6566572696679 92 ad612e6f7340703a713a612e6f73 9201cc80",
  ],
];

const RESPONSES: readonly (readonly [NetResponse, string])[] = [
  [{ kind: "Accepted", node: "x.os" }, "81 a84163636570746564 a4782e6f73"],
  [{ kind: "Rejected", node: "x.os" }, "81 a852656a6563746564 a4782e6f73"],
  [{ kind: "Peers", peers: [] }, "81 a55065657273 90"],
  [{ kind: "Peer", peer: undefined }, "81 a450656572 c0"],
  [
    {
      kind: "Peer",
      peer: {
        name: "c.os",
        networkingKey: "0xab",
        routing: { kind: "routers", routers: ["r.os"] },
      },
    },
    "81 a450656572 93 a4632e6f73 a430786162 81 a7526f7574657273 91 a4722e6f73",
  ],
  [{ kind: "Diagnostics", text: "hi" }, "81 ab446961676e6f7374696373 a26869"],
  [{ kind: "Signed" }, "a65369676e6564"],
  [{ kind: "Verified", valid: true }, "81 a85665726966696564 c3"],
];

test("[N58] every request and response of net has the bytes of the specification", () => {
  for (const [action, hex] of ACTIONS) {
    expect(encodeNetAction(action).toHex()).toBe(unhex(hex).toHex());
    expect(decodeNetAction(unhex(hex))).toEqual(action);
  }
  for (const [response, hex] of RESPONSES) {
    expect(encodeNetResponse(response).toHex()).toBe(unhex(hex).toHex());
    expect(decodeNetResponse(unhex(hex))).toEqual(response);
  }
});

test("[N15] variants are accepted by name and by index, those without a value also as {name: nil}", () => {
  expect(decodeNetAction(unhex("03"))).toEqual({ kind: "GetPeers" });
  expect(decodeNetAction(unhex("81 a84765745065657273 c0"))).toEqual({ kind: "GetPeers" });
  expect(decodeNetAction(unhex("81 03 c0"))).toEqual({ kind: "GetPeers" });
  expect(decodeNetAction(unhex("81 04 a6626f622e6f73"))).toEqual({
    kind: "GetPeer",
    node: "bob.os",
  });
  expect(decodeNetAction(unhex(`81 01 ${BOB_HEX}`))).toEqual({ kind: "KnsUpdate", update: BOB });
  for (const bad of [
    "08",
    "81 08 c0",
    "a7476574506565 72",
    "91 a84765745065657273",
    "81 a45369676e 01",
    "82 03 c0 05 c0",
    "cb3ff0000000000000",
  ]) {
    expect(() => decodeNetAction(unhex(bad)), bad).toThrow(CodecError);
  }
});

test("structs as maps, ports beyond 65,535, addresses that are none", () => {
  const byName =
    "81 a94b6e73557064617465 85 a7726f757465727390 a46e616d65a6626f622e6f73 a370697073";
  expect(() => decodeNetAction(unhex(byName))).toThrow(CodecError);
  const map =
    "81 a94b6e73557064617465 85 a7726f7574657273 90 a46e616d65 a6626f622e6f73 a3697073 91a7312e322e332e34 a5706f727473 82a3746370cd2710a27773cd2328 aa7075626c69635f6b6579 a6307830303131";
  expect(decodeNetAction(unhex(map))).toEqual({ kind: "KnsUpdate", update: BOB });
  expect(() =>
    decodeNetAction(unhex("81 a94b6e73557064617465 95 a161 a0 90 81 a3746370 ce00010000 90")),
  ).toThrow("65535");
  expect(() => decodeNetAction(unhex("81 a6566572696679 92 a3616263 90"))).toThrow(CodecError);
});

const name = fc.stringMatching(/^[a-z]{1,12}\.os$/);
const ports = fc
  .dictionary(fc.constantFrom("ws", "tcp", "x"), fc.nat(65_535))
  .map((entries) => new Map(Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1))));
const identity: fc.Arbitrary<NodeIdentity> = fc.record({
  name,
  networkingKey: fc.string(),
  routing: fc.oneof(
    fc.record({ kind: fc.constant("routers" as const), routers: fc.array(name) }),
    fc.record({ kind: fc.constant("direct" as const), ip: fc.ipV4(), ports }),
    fc.record({
      kind: fc.constant("both" as const),
      ip: fc.ipV4(),
      ports,
      routers: fc.array(name),
    }),
  ),
});

test("what is written is read again, and any bytes are read or refused", () => {
  fc.assert(
    fc.property(fc.array(identity), (peers) => {
      const response: NetResponse = { kind: "Peers", peers };
      expect(decodeNetResponse(encodeNetResponse(response))).toEqual(response);
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        decodeNetAction(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError);
      }
    }),
  );
});
