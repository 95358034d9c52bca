/** Source: spec/network-identity.md §1.2, §1.3, appendix A.2. */
import { expect, test } from "bun:test";
import { encodeHandshakePayload } from "@kinode-ts/codec";
import { createNodeSigner, primitives } from "@kinode-ts/crypto";
import { createSeededRandom } from "@kinode-ts/testing";
import type { Random } from "@kinode-ts/types";
import fc from "fast-check";
import { connect } from "../test/pair.ts";
import { ALICE, BOB, FIRST, HASH, KEYS, SECOND, THIRD } from "../test/vectors.ts";
import { InitiatorHandshake, ResponderHandshake, sameSession } from "./index.ts";
import { XxInitiator, XxResponder } from "./noise/xx-handshake.ts";

const EMPTY = new Uint8Array(0);

const initiator = (options: Partial<ConstructorParameters<typeof InitiatorHandshake>[1]> = {}) =>
  new InitiatorHandshake(ALICE.identity, {
    target: "bob.os",
    targetKey: KEYS.get("bob.os")!,
    proxyRequest: false,
    ...options,
  });
const responder = (options: Partial<ConstructorParameters<typeof ResponderHandshake>[1]> = {}) =>
  new ResponderHandshake(BOB.identity, { findKey: (name) => KEYS.get(name), ...options });

test("[N2] with the keys of the specification all three messages and the hash are its bytes", () => {
  const alice = initiator({ secrets: ALICE.secrets });
  const bob = responder({ secrets: BOB.secrets });
  const first = alice.start();
  expect(first).toEqual(FIRST);
  const second = bob.answer(first);
  expect(second).toEqual(SECOND);
  const { third, session } = alice.finish(second);
  expect(third).toEqual(THIRD);
  const answered = bob.finish(third);
  expect([session.hash, answered.hash]).toEqual([HASH, HASH]);
  expect([session.peer, answered.peer]).toEqual(["bob.os", "alice.os"]);
  expect(sameSession(session, answered)).toBe(true);
});

test("[N5] the signature is over the raw static public key of this handshake", () => {
  const noise = new XxInitiator(ALICE.secrets, EMPTY);
  const bob = responder({ secrets: BOB.secrets });
  noise.readSecond(bob.answer(noise.writeFirst()));
  const staticPublic = primitives.x25519PublicKey(ALICE.secrets.staticSecret);
  const payload = (signature: Uint8Array) =>
    encodeHandshakePayload({
      protocolVersion: 1,
      name: "alice.os",
      signature,
      proxyRequest: false,
    });
  const { message } = noise.writeThird(payload(ALICE.identity.signer.sign(staticPublic)));
  expect(bob.finish(message).peer).toBe("alice.os");
});

test("[N6] every connection has a static key of its own", () => {
  const seen = new Set<string>();
  for (let index = 0; index < 20; index += 1) {
    const noise = new XxInitiator(
      {
        staticSecret: new Uint8Array(32).fill(9),
        ephemeralSecret: new Uint8Array(32).fill(index + 1),
      },
      EMPTY,
    );
    const bob = responder();
    noise.readSecond(bob.answer(noise.writeFirst()));
    const { session } = noise.writeThird(EMPTY);
    seen.add(session.remoteStatic.toHex());
  }
  expect(seen.size).toBe(20);
});

/** What a responder says to a handshake whose payload is made by hand. */
function finishWith(
  payload: { protocolVersion?: number; name?: string; proxyRequest?: boolean; seed?: number },
  options: Parameters<typeof responder>[0] = {},
) {
  const noise = new XxInitiator(ALICE.secrets, EMPTY);
  const bob = responder(options);
  noise.readSecond(bob.answer(noise.writeFirst()));
  const staticPublic = primitives.x25519PublicKey(ALICE.secrets.staticSecret);
  const { message } = noise.writeThird(
    encodeHandshakePayload({
      protocolVersion: payload.protocolVersion ?? 1,
      name: payload.name ?? "alice.os",
      signature: createNodeSigner(new Uint8Array(32).fill(payload.seed ?? 1)).sign(staticPublic),
      proxyRequest: payload.proxyRequest ?? false,
    }),
  );
  return () => bob.finish(message);
}

test("[N7] another protocol version is refused", () => {
  expect(finishWith({ protocolVersion: 2 })).toThrow("the peer speaks version 2, this node 1");
});

test("a name that nobody knows here, and one that was not expected, are refused", () => {
  expect(finishWith({ name: "carol.os" })).toThrow('no node "carol.os" is known here');
  expect(finishWith({}, { expected: "carol.os" })).toThrow(
    '"alice.os" came where "carol.os" was expected',
  );
});

test("[N9] a signature by another key is refused", () => {
  expect(finishWith({ seed: 3 })).toThrow('the key of "alice.os" did not sign this handshake');
  expect(finishWith({ seed: 1 })().peer).toBe("alice.os");
});

test("[N10] an initiator refuses another name than the one it called, even with a good signature", () => {
  const alice = initiator({ target: "carol.os", targetKey: KEYS.get("bob.os")! });
  const second = responder().answer(alice.start());
  expect(() => alice.finish(second)).toThrow('"bob.os" answered where "carol.os" was called');
  const wrongKey = initiator({ targetKey: KEYS.get("alice.os")! });
  expect(() => wrongKey.finish(responder().answer(wrongKey.start()))).toThrow("did not sign");
});

test("the wish to be served by a router reaches the responder only", () => {
  const { alice, bob } = connect({ vectors: false, proxyRequest: true });
  expect([alice.proxyRequest, bob.proxyRequest]).toEqual([false, true]);
});

test("a message of another length than 32 does not begin a handshake", () => {
  for (const length of [0, 31, 33, 100]) {
    expect(() => responder().answer(new Uint8Array(length))).toThrow(`${length} bytes, not 32`);
  }
});

test("any change of any message ends the handshake, nothing else is thrown", () => {
  const random: Random = createSeededRandom(5);
  const alter = (message: Uint8Array, at: number, bit: number): Uint8Array => {
    const changed = message.slice();
    changed[at % changed.length]! ^= 1 << bit;
    return changed;
  };
  fc.assert(
    fc.property(fc.nat(1000), fc.nat(7), fc.constantFrom("second", "third"), (at, bit, which) => {
      const alice = new InitiatorHandshake(
        { ...ALICE.identity, random },
        {
          target: "bob.os",
          targetKey: KEYS.get("bob.os")!,
          proxyRequest: false,
        },
      );
      const bob = responder();
      const second = bob.answer(alice.start());
      if (which === "second") {
        expect(() => alice.finish(alter(second, at, bit))).toThrow("The handshake failed");
        return;
      }
      const { third } = alice.finish(second);
      expect(() => bob.finish(alter(third, at, bit))).toThrow("The handshake failed");
    }),
    { numRuns: 60 },
  );
});

test("bytes of any kind in place of a message are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const bob = responder();
      bob.answer(new XxInitiator(ALICE.secrets, EMPTY).writeFirst());
      expect(() => bob.finish(bytes)).toThrow("The handshake failed");
      const alice = initiator();
      alice.start();
      expect(() => alice.finish(bytes)).toThrow("The handshake failed");
    }),
    { numRuns: 60 },
  );
  expect(new XxResponder(BOB.secrets, EMPTY).staticPublic.length).toBe(32);
});
