/**
 * Messages per second through the codec beside a general library on the same data. Run: `bun src/codec.bench.ts`
 * @module
 */
import { decode, encode } from "@msgpack/msgpack";
import type { KernelMessage } from "@kinode-ts/types";
import { parseAddress } from "@kinode-ts/types";
import { decodeKernelMessage, encodeKernelMessage } from "./kernel-message-codec.ts";

function message(bodyBytes: number): KernelMessage {
  return {
    id: 0xaaaa_aaaa_aaaa_aaaan,
    source: parseAddress("alice.os@chat:chat:alice.os"),
    target: parseAddress("bob.os@chat:chat:alice.os"),
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: 30,
      body: new Uint8Array(bodyBytes).map((_, index) => index * 7),
      metadata: undefined,
      capabilities: [],
    },
    blob: undefined,
  };
}

function perSecond(work: () => unknown): number {
  const rounds = Array.from({ length: 7 }, () => {
    const start = performance.now();
    let calls = 0;
    for (; performance.now() - start < 60; calls++) work();
    return (calls / (performance.now() - start)) * 1_000;
  });
  return rounds.sort((a, b) => a - b)[3]!;
}

const thousands = (rate: number): string => `${(rate / 1_000).toFixed(1)} k/s`.padStart(12);

for (const bodyBytes of [100, 1_024, 65_536]) {
  for (const bytesAs of ["integers", "bin"] as const) {
    const ours = message(bodyBytes);
    const bytes = encodeKernelMessage(ours, { bytesAs });
    const plain = decode(bytes, { useBigInt64: true });
    const rates = [
      perSecond(() => encodeKernelMessage(ours, { bytesAs })),
      perSecond(() => decodeKernelMessage(bytes)),
      perSecond(() => encode(plain, { useBigInt64: true })),
      perSecond(() => decode(bytes, { useBigInt64: true })),
    ].map(thousands);
    console.log(`${bodyBytes} B as ${bytesAs}:`.padEnd(22), "ours", rates[0], rates[1]);
    console.log("".padEnd(22), "lib ", rates[2], rates[3]);
  }
}
