/**
 * Keys and bytes of the specification: spec/network-identity.md appendix A.
 * @module
 */
import { createNodeSigner } from "@kinode-ts/crypto";
import { createSeededRandom } from "@kinode-ts/testing";
import type { HandshakeIdentity, NoiseSecrets } from "../src/index.ts";

export const unhex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
const repeat = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

const identity = (our: string, seed: number): HandshakeIdentity => ({
  our,
  signer: createNodeSigner(repeat(seed)),
  random: createSeededRandom(seed),
});
const secrets = (staticByte: number, ephemeralByte: number): NoiseSecrets => ({
  staticSecret: repeat(staticByte),
  ephemeralSecret: repeat(ephemeralByte),
});

export const ALICE = { identity: identity("alice.os", 1), secrets: secrets(0x11, 0x12) };
export const BOB = { identity: identity("bob.os", 2), secrets: secrets(0x21, 0x22) };
/** Networking keys by name, as a responder looks them up. */
export const KEYS: ReadonlyMap<string, Uint8Array> = new Map(
  [ALICE, BOB].map(({ identity: { our, signer } }) => [our, signer.publicKey]),
);

export const FIRST = unhex("052a50773ac8d91773f2dc9662e12f0defe915e415b8a1c8e20a5a3d6ab2b843");
export const SECOND = unhex(`
  0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f2081ec35d54e14957e69d45b70a95234b2
  46787c8dec7191f8931632439792dee3d69013718d146c733ebe5609f7d9ebf036e93b126970f650ceb28555a6b3913d
  4dddf1e4d68a23340a56bb4a2ae41cf0dfb978560298742eb21dabfd27594f0f5f2d93e49f2007c7c06f40d682e505d6
  162c1cbc4db623b5aad9242dc63acacf08dfba42374e68e91379ce82cbda55cdd6a966b219cdf29c6c4a1fa4e384d532
  a06dc92b1e8f801b1e`);
export const THIRD = unhex(`
  fa2e257227721908e56c61a1bd3cead475408f32f88c7ac499bcb3176c5b618705358c12a8677196c4e76afe25562aae
  d200383d1d5fb284049dbea6ce8026bb24cbc2861f1816914e3cd392d34015344eb81e17c2149a7389b4b80bca4a7e7d
  bf94e6550a09438fdb3fd7c7821bf207e53b082d3bec4881fb952a23277891f616bcd985b1001c2cd0f2b32ec0355756
  4ecbe4939c538c4d539aff83f1d62491a8cc87d272abd5792d56eee62c34`);
export const HASH = unhex("debf7f76a13fce9e1a87e7a7544ffb8612b6c7f7bcaa25ff59d6ce5988093251");

export const REQUEST = unhex(`
  96cfaaaaaaaaaaaaaaaabb616c6963652e6f7340636861743a636861743a616c6963652e6f73b9626f622e6f73406368
  61743a636861743a616c6963652e6f73bb616c6963652e6f7340636861743a636861743a616c6963652e6f7381a75265
  717565737495c21e9b7b226869223a22ccc3cca9227dc090c0`);
export const RESPONSE = unhex(`
  96cfaaaaaaaaaaaaaaaab9626f622e6f7340636861743a636861743a616c6963652e6f73bb616c6963652e6f73406368
  61743a636861743a616c6963652e6f73c081a8526573706f6e73659294c2926f6bc090c0c0`);
export const WS_REQUEST = unhex(`
  9e201aedfd1db682a399933dbcd8ad41ff73df9d3327aacfe80b21ea964e672fee03c25fb9b114bebdfcb61db2e543d0
  57f3ee339d9454b62abe61bbb6309c10305bf919271650b4ab6468ddbd60ccf52870c8bb76d401c7b4d3049d4e2d2849
  4be72f7b8d82e78c1f74c70576d39c8e61258615630afdc34219c8db2cd2140b65bba38addfe37f1a3ded3fe74`);
export const WS_RESPONSE = unhex(`
  25b402848a8cdc1f5ec204c57dcfd1c98221da7fa08284d0506ec9f242209079c8bbd2c072542d3c64549771368f3e42
  7f25688a5293b6b31f011975b73ed7e6af92fea40c5829f307091cb753a118a0efb4bd0900f68bf690c28076625f1a7b
  eb36a4e7e6e890da76`);
export const TCP_REQUEST = unhex(`
  00000079008908efb03ec178b682a39982f67a1b7545bd75cfb87e20b8fbb10028ffd8176e22f35ac61dbfa1c8f2bded
  2110aec70ed745c7b73894811aef23b37ce2b2729a00ee14fa03ff1212b2bb4125daaf5495fe216586e27fd91c9eb091
  028daaa4155fbb35186d886240e1f09a2773848a84c4c4c4709e8db4f1faa00f69b08fcef88a84c6c7d213de62b3d3`);
