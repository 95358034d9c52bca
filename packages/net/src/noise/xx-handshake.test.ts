/** Against vectors and an implementation that are not ours. Source: spec/network-identity.md §1.2. */
import { expect, test } from "bun:test";
import createNoise, { type NoiseC } from "noise-c.wasm";
import { unhex } from "../../test/vectors.ts";
import { PROTOCOL, XxInitiator, XxResponder } from "./xx-handshake.ts";

const EMPTY = new Uint8Array(0);
const noiseC = new Promise<NoiseC>((resolve) => createNoise(resolve));
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Published by the cacophony project for this suite, with a prologue. */
const CACOPHONY = {
  prologue: bytes("John Galt"),
  initiator: {
    staticSecret: unhex("e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1"),
    ephemeralSecret: unhex("893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a"),
  },
  responder: {
    staticSecret: unhex("4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893"),
    ephemeralSecret: unhex("bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b"),
  },
  hash: "6c4c56cf71612f72d05ceb96c0155e6f4ea54a26b504c93de632a2db4a49d200",
  messages: [
    [
      "4c756477696720766f6e204d69736573",
      "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573",
    ],
    [
      "4d757272617920526f746862617264",
      "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088437c365eb362a1c991b0557fe8a7fb187d99346765d93ec63db6c1b01504ebeec55a2298d2dbff80eff034d20595153f63a196a6cead1e11b2bb13e336fa13616dd3e8b0a070c882ed3f1a78c7c06c93",
    ],
    [
      "462e20412e20486179656b",
      "46c3307de83b014258717d97781c1f50936d8b7d50c0722a1739654d10392d415b670c114f79b9a4f80541570f77ce88802efa4220cff733e7b5668ba38059ec904b4b8eef9448085faf51",
    ],
    ["4361726c204d656e676572", "d5e83adfaac5dc324a68f1862df54549e56d209fba707205f328b2"],
    [
      "4a65616e2d426170746973746520536179",
      "d102c9029b1f55c788f561ba7737afbccef9c9f1bf2f238167fd40ba9c1c134867",
    ],
    [
      "457567656e2042f6686d20766f6e2042617765726b",
      "cb1ce80960382c6d5d5e740ffb724d1432f0310b200fb6f8424120f506092744baa415e155",
    ],
  ],
} as const;

test("the published vectors of the suite come out byte for byte", () => {
  const { prologue, messages } = CACOPHONY;
  const initiator = new XxInitiator(CACOPHONY.initiator, prologue);
  const responder = new XxResponder(CACOPHONY.responder, prologue);
  const [payloads, expected] = [0, 1].map((part) => messages.map((each) => unhex(each[part]!)));
  const first = initiator.writeFirst(payloads![0]);
  expect(first).toEqual(expected![0]!);
  expect(responder.readFirst(first)).toEqual(payloads![0]!);
  const second = responder.writeSecond(payloads![1]!);
  expect(second).toEqual(expected![1]!);
  expect(initiator.readSecond(second)).toEqual(payloads![1]!);
  const { message: third, session: left } = initiator.writeThird(payloads![2]!);
  expect(third).toEqual(expected![2]!);
  const { payload, session: right } = responder.readThird(third);
  expect(payload).toEqual(payloads![2]!);
  expect([left.hash.toHex(), right.hash.toHex()]).toEqual([CACOPHONY.hash, CACOPHONY.hash]);
  for (const [index, [from, to]] of (
    [
      [right, left],
      [left, right],
      [right, left],
    ] as const
  ).entries()) {
    const sealed = from.send.seal(payloads![index + 3]!);
    expect(sealed).toEqual(expected![index + 3]!);
    expect(to.receive.open(sealed)).toEqual(payloads![index + 3]!);
  }
});

const secrets = (seed: number) => ({
  staticSecret: new Uint8Array(32).fill(seed),
  ephemeralSecret: new Uint8Array(32).fill(seed + 1),
});

test("[N1] as initiator and as responder it understands another implementation, with an empty prologue", async () => {
  const noise = await noiseC;
  const other = (role: number) => {
    const state = noise.HandshakeState(PROTOCOL, role);
    state.Initialize(EMPTY, new Uint8Array(32).fill(99));
    return state;
  };
  const theirResponder = other(noise.constants.NOISE_ROLE_RESPONDER);
  const initiator = new XxInitiator(secrets(1), EMPTY);
  expect(theirResponder.ReadMessage(initiator.writeFirst(), true)).toEqual(EMPTY);
  expect(initiator.readSecond(theirResponder.WriteMessage(bytes("answer")))).toEqual(
    bytes("answer"),
  );
  const { message, session: ours } = initiator.writeThird(bytes("proof"));
  expect(theirResponder.ReadMessage(message, true)).toEqual(bytes("proof"));
  const [theirSend, theirReceive] = theirResponder.Split();
  for (const text of ["one", "", "three"]) {
    expect(theirReceive.DecryptWithAd(EMPTY, ours.send.seal(bytes(text)))).toEqual(bytes(text));
    expect(ours.receive.open(theirSend.EncryptWithAd(EMPTY, bytes(text)))).toEqual(bytes(text));
  }

  const theirInitiator = other(noise.constants.NOISE_ROLE_INITIATOR);
  const responder = new XxResponder(secrets(5), EMPTY);
  expect(responder.readFirst(theirInitiator.WriteMessage())).toEqual(EMPTY);
  expect(theirInitiator.ReadMessage(responder.writeSecond(bytes("x")), true)).toEqual(bytes("x"));
  const { payload, session } = responder.readThird(theirInitiator.WriteMessage(bytes("proof")));
  expect(payload).toEqual(bytes("proof"));
  const [send, receive] = theirInitiator.Split();
  expect(session.receive.open(send.EncryptWithAd(EMPTY, bytes("to us")))).toEqual(bytes("to us"));
  expect(receive.DecryptWithAd(EMPTY, session.send.seal(bytes("from us")))).toEqual(
    bytes("from us"),
  );
});

test("keys of low order and messages cut short are refused by name", () => {
  const responder = () => new XxResponder(secrets(1), EMPTY);
  expect(() => responder().readFirst(new Uint8Array(31))).toThrow("the first message has 31 bytes");
  const answering = responder();
  answering.readFirst(new Uint8Array(32));
  expect(() => answering.writeSecond(EMPTY)).toThrow("the peer's key is of low order");
  const initiator = new XxInitiator(secrets(3), EMPTY);
  initiator.writeFirst();
  expect(() => initiator.readSecond(new Uint8Array(95))).toThrow("the second message has 95 bytes");
});
