import { expect, test } from "bun:test";
import {
  decodeHandshakePayload,
  decodeRoutingRequest,
  encodeHandshakePayload,
  encodeRoutingRequest,
} from "./handshake-codec.ts";

const unhex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(/\s/g, ""));

const BOB_SIGNATURE = unhex(
  `0f48f2653109dd54086bd2010df1eaf8e161cf3925d51784b5e69ce1aa5e5f4adac87f2efd1dffec0ccfaf3b18434738
   5d4cb7bd2e343bcf318c4759e1f67002`,
);
const BOB_PAYLOAD = unhex(
  `9401a6626f622e6f73dc00400f48ccf2653109ccdd54086bccd2010dccf1cceaccf8cce161cccf3925ccd517cc84ccb5
   cce6cc9ccce1ccaa5e5f4accdaccc87f2eccfd1dccffccec0ccccfccaf3b184347385d4cccb7ccbd2e343bcccf31cc8c
   4759cce1ccf67002c2`,
);

test("[N4] a handshake payload is an array of four with the signature as an array of integers", () => {
  const payload = {
    protocolVersion: 1,
    name: "bob.os",
    signature: BOB_SIGNATURE,
    proxyRequest: false,
  };
  expect(encodeHandshakePayload(payload)).toEqual(BOB_PAYLOAD);
  expect(BOB_PAYLOAD.toHex()).toStartWith("9401a6626f622e6f73dc0040");
  expect(decodeHandshakePayload(BOB_PAYLOAD)).toEqual(payload);
});

test("a routing request has the bytes of the specification", () => {
  const bytes = unhex(
    `9401a8616c6963652e6f73dc00401dccb255ccd74ccc9d6acce7ccc044ccb1cc90ccccccc86dcc9accfa2656ccfcccf9
     132719cc83ccd5ccf60accc827ccff1717cca7ccf0ccb6ccb2ccf2ccf328cc8ccc85521ccccd23ccb9cccd60ccf7ccbf
     ccb805cced4c3f3b2acce43eccc5ccd9ccb80ba6626f622e6f73`,
  );
  const request = decodeRoutingRequest(bytes);
  expect([request.protocolVersion, request.source, request.target]).toEqual([
    1,
    "alice.os",
    "bob.os",
  ]);
  expect(request.signature.length).toBe(64);
  expect(encodeRoutingRequest(request)).toEqual(bytes);
});

test("[N17] bytes after a handshake payload or a kernel message are ignored", async () => {
  expect(decodeHandshakePayload(Uint8Array.of(...BOB_PAYLOAD, 1, 2)).name).toBe("bob.os");
  const { decodeKernelMessage } = await import("./kernel-message-codec.ts");
  const ack = unhex(
    `96cd012cb5626f622e6f73406e65743a64697374726f3a737973be616c6963652e6f73407465726d696e616c3a746572
     6d696e616c3a737973c081a8526573706f6e73659294c29361636bc090c0c0`,
  );
  expect(decodeKernelMessage(Uint8Array.of(...ack, 0xc1))).toEqual(decodeKernelMessage(ack));
});

test("a version that is no byte, and a payload of another kind, are refused", () => {
  expect(() => decodeHandshakePayload(unhex("94cd0100a161c400c2"))).toThrow("does not fit a byte");
  expect(() => decodeHandshakePayload(unhex("a161"))).toThrow("expected an array, found text");
  expect(() => decodeHandshakePayload(new Uint8Array(0))).toThrow("the bytes end too early");
});
