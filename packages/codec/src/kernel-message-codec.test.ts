import { expect, test } from "bun:test";
import type { KernelMessage, ProcessId, SignedCapability, U64 } from "@kinode-ts/types";
import { parseAddress, toU64 } from "@kinode-ts/types";
import { decode } from "@msgpack/msgpack";
import fc from "fast-check";
import { ByteWriter } from "./byte-writer.ts";
import { encodeCapability } from "./capability-codec.ts";
import { CodecError } from "./errors.ts";
import {
  decodeKernelMessage,
  encodeKernelMessage,
  MAX_MESSAGE_BYTES,
} from "./kernel-message-codec.ts";

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array): string => bytes.toHex();
const unhex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(/\s/g, ""));

const alice = parseAddress("alice.os@chat:chat:alice.os");
const bob = parseAddress("bob.os@chat:chat:alice.os");
const empty = { inherit: false, metadata: undefined, capabilities: [] } as const;

const request: KernelMessage = {
  id: 0xaaaa_aaaa_aaaa_aaaan,
  source: alice,
  target: bob,
  rsvp: alice,
  message: { kind: "request", ...empty, expectsResponse: 30, body: utf8('{"hi":"é"}') },
  blob: undefined,
};
const response: KernelMessage = {
  id: 0xaaaa_aaaa_aaaa_aaaan,
  source: bob,
  target: alice,
  rsvp: undefined,
  message: { kind: "response", ...empty, body: utf8("ok") },
  blob: undefined,
};
const ack: KernelMessage = {
  id: 300,
  source: parseAddress("bob.os@net:distro:sys"),
  target: parseAddress("alice.os@terminal:terminal:sys"),
  rsvp: undefined,
  message: { kind: "response", ...empty, body: utf8("ack") },
  blob: undefined,
};
const self = parseAddress("a.os@p:q:a.os");
const everything: KernelMessage = {
  id: 7,
  source: self,
  target: self,
  rsvp: parseAddress("a.os@r:q:a.os"),
  message: {
    kind: "response",
    inherit: true,
    body: new Uint8Array(0),
    metadata: "m",
    capabilities: [{ issuer: self, params: '"messaging"', signature: Uint8Array.of(1, 0x80) }],
  },
  blob: { mime: "text/plain", bytes: Uint8Array.of(0, 0x7f, 0x80, 0xff) },
};

const VECTORS: readonly [KernelMessage, string, Uint8Array | undefined][] = [
  [
    request,
    `96cfaaaaaaaaaaaaaaaabb616c6963652e6f7340636861743a636861743a616c6963652e6f73b9626f622e6f73406368
     61743a636861743a616c6963652e6f73bb616c6963652e6f7340636861743a636861743a616c6963652e6f7381a75265
     717565737495c21e9b7b226869223a22ccc3cca9227dc090c0`,
    undefined,
  ],
  [
    response,
    `96cfaaaaaaaaaaaaaaaab9626f622e6f7340636861743a636861743a616c6963652e6f73bb616c6963652e6f73406368
     61743a636861743a616c6963652e6f73c081a8526573706f6e73659294c2926f6bc090c0c0`,
    undefined,
  ],
  [
    ack,
    `96cd012cb5626f622e6f73406e65743a64697374726f3a737973be616c6963652e6f73407465726d696e616c3a746572
     6d696e616c3a737973c081a8526573706f6e73659294c29361636bc090c0c0`,
    undefined,
  ],
  [
    everything,
    `9607ad612e6f7340703a713a612e6f73ad612e6f7340703a713a612e6f73ad612e6f7340723a713a612e6f7381a85265
     73706f6e73659294c390a16d919292ad612e6f7340703a713a612e6f73ab226d6573736167696e67229201cc809092aa
     746578742f706c61696e94007fcc80ccff`,
    new Uint8Array(0),
  ],
];

test("[N19] the kernel messages of the specification encode to exactly the given bytes", () => {
  for (const [message, bytes, context] of VECTORS) {
    const options = context === undefined ? {} : { context };
    expect(hex(encodeKernelMessage(message, options))).toBe(hex(unhex(bytes)));
    expect(decodeKernelMessage(unhex(bytes))).toEqual(message);
  }
});

test("[N21] a response is encoded as a pair of its fields and no context", () => {
  const bytes = hex(encodeKernelMessage(response));
  expect(bytes).toContain(`81a8${hex(utf8("Response"))}9294`);
  expect(bytes.endsWith("c090c0c0")).toBe(true);
});

test("[K25] what stands in the context slot of a response is ignored", () => {
  const withContext = encodeKernelMessage(response, { context: utf8("yours") });
  expect(withContext.length).toBeGreaterThan(encodeKernelMessage(response).length);
  expect(decodeKernelMessage(withContext)).toEqual(response);
});

test("[N20] u64 values use the shortest unsigned form and survive a round trip", () => {
  const forms: [U64, string][] = [
    [0, "00"],
    [127, "7f"],
    [128, "cc80"],
    [255, "ccff"],
    [256, "cd0100"],
    [65_535, "cdffff"],
    [65_536, "ce00010000"],
    [2 ** 32 - 1, "ceffffffff"],
    [2 ** 32, "cf0000000100000000"],
    [2 ** 53 - 1, "cf001fffffffffffff"],
    [2n ** 53n, "cf0020000000000000"],
    [2n ** 63n, "cf8000000000000000"],
    [2n ** 64n - 1n, "cfffffffffffffffff"],
  ];
  for (const [id, form] of forms) {
    const bytes = encodeKernelMessage({ ...ack, id });
    expect(hex(bytes).slice(2, 2 + form.length)).toBe(form);
    expect(decodeKernelMessage(bytes).id).toBe(id);
    const timed = { ...request, message: { ...request.message, expectsResponse: id } };
    const seconds = decodeKernelMessage(encodeKernelMessage(timed as KernelMessage)).message;
    expect(seconds.kind === "request" && seconds.expectsResponse).toBe(id);
  }
});

/** A request whose parts can be written in other forms. */
function handmade(parts: Partial<Record<string, (writer: ByteWriter) => void>>): Uint8Array {
  const writer = new ByteWriter();
  const part = (name: string, usual: () => void) => (parts[name] ?? usual)(writer);
  part("head", () => writer.array(6));
  part("id", () => writer.uint(1));
  part("source", () => writer.text("a.os@p:q:a.os"));
  part("target", () => writer.text("b.os@p:q:a.os"));
  writer.nil();
  part("variant", () => {
    writer.map(1);
    writer.text("Request");
  });
  part("request", () => {
    writer.array(5);
    writer.bool(false);
    part("seconds", () => writer.uint(30));
    part("body", () => writer.intArray(Uint8Array.of(1, 200)));
    writer.nil();
    writer.array(0);
  });
  part("blob", () => writer.nil());
  return writer.finish();
}
const usual = decodeKernelMessage(handmade({}));
const raw = (text: string) => (writer: ByteWriter) => writer.raw(unhex(text));

test("[N12] byte fields are accepted as integer arrays and as bin8, bin16 and bin32", () => {
  for (const form of ["9201ccc8", "c40201c8", "c5000201c8", "c60000000201c8"]) {
    expect(decodeKernelMessage(handmade({ body: raw(form) }))).toEqual(usual);
  }
  const bin = encodeKernelMessage(everything, { bytesAs: "bin" });
  expect(hex(bin)).toContain("c404007f80ff");
  expect(decodeKernelMessage(bin)).toEqual(everything);
});

test("[N13] structs are accepted as maps: unknown names ignored, a missing optional field is none", () => {
  const named = (writer: ByteWriter) => {
    writer.map(5);
    writer.text("capabilities");
    writer.array(0);
    writer.text("unknown");
    writer.raw(unhex("93c0a1788101cb3ff0000000000000"));
    writer.text("body");
    writer.intArray(Uint8Array.of(1, 200));
    writer.text("inherit");
    writer.bool(false);
    writer.text("expects_response");
    writer.uint(30);
  };
  expect(decodeKernelMessage(handmade({ request: named }))).toEqual(usual);
  const writer = new ByteWriter();
  writer.map(4);
  for (const [name, write] of [
    ["target", () => writer.text("b.os@p:q:a.os")],
    ["source", () => writer.text("a.os@p:q:a.os")],
    ["id", () => writer.uint(1)],
    [
      "message",
      () => {
        writer.map(1);
        writer.text("Request");
        named(writer);
      },
    ],
  ] as const) {
    writer.text(name);
    write();
  }
  expect(decodeKernelMessage(writer.finish())).toEqual(usual);
});

test("structs as maps still need their other fields, each once", () => {
  const missing = (writer: ByteWriter) => {
    writer.map(1);
    writer.text("inherit");
    writer.bool(true);
  };
  expect(() => decodeKernelMessage(handmade({ request: missing }))).toThrow('"body" is missing');
  const twice = (writer: ByteWriter) => {
    writer.map(2);
    for (let count = 0; count < 2; count++) {
      writer.text("inherit");
      writer.bool(true);
    }
  };
  expect(() => decodeKernelMessage(handmade({ request: twice }))).toThrow("occurs twice");
});

test("[N14] wide integer, text, array and map headers and signed integers are accepted, floats refused", () => {
  const wide: Record<string, string[]> = {
    head: ["dc0006", "dd00000006"],
    id: [
      "cc01",
      "cd0001",
      "ce00000001",
      "cf0000000000000001",
      "d001",
      "d10001",
      "d200000001",
      "d30000000000000001",
    ],
    source: ["d90d", "da000d", "db0000000d"].map((head) => `${head}${hex(utf8("a.os@p:q:a.os"))}`),
    variant: ["de0001", "df00000001"].map((head) => `${head}d907${hex(utf8("Request"))}`),
    seconds: ["cc1e", "d01e", "d30000 0000 0000 001e"],
    body: ["dc000201ccc8", "dd0000000201cd00c8", "92d001d100c8"],
  };
  for (const [part, forms] of Object.entries(wide)) {
    for (const form of forms) {
      expect([form, decodeKernelMessage(handmade({ [part]: raw(form) }))]).toEqual([form, usual]);
    }
  }
  for (const float of ["ca3f800000", "cb3ff0000000000000"]) {
    for (const part of ["id", "seconds"]) {
      expect(() => decodeKernelMessage(handmade({ [part]: raw(float) }))).toThrow(CodecError);
    }
    expect(() => decodeKernelMessage(handmade({ body: raw(`91${float}`) }))).toThrow(CodecError);
  }
  expect(() => decodeKernelMessage(handmade({ id: raw("ff") }))).toThrow("an unsigned integer");
  expect(() => decodeKernelMessage(handmade({ body: raw("92d0ff01") }))).toThrow("a byte");
  expect(() => decodeKernelMessage(handmade({ body: raw("92cd010001") }))).toThrow("a byte");
});

test("variants are accepted by name and by index, other keys are refused", () => {
  expect(decodeKernelMessage(handmade({ variant: raw("8100") }))).toEqual(usual);
  expect(() => decodeKernelMessage(handmade({ variant: raw("8102") }))).toThrow("unknown");
  expect(() => decodeKernelMessage(handmade({ variant: raw("81a141") }))).toThrow("unknown");
  expect(() => decodeKernelMessage(handmade({ variant: raw("91a752657175657374") }))).toThrow(
    "a map of one",
  );
});

test("[N16] a struct array with one element too many or too few is refused", () => {
  for (const head of ["95", "97"]) {
    expect(() => decodeKernelMessage(handmade({ head: raw(head) }))).toThrow("fields instead of 6");
  }
  const short = (writer: ByteWriter) => writer.raw(unhex("94c21e9101c0"));
  expect(() => decodeKernelMessage(handmade({ request: short }))).toThrow("instead of 5");
  const long = (writer: ByteWriter) => writer.raw(unhex("96c21e9101c090c0"));
  expect(() => decodeKernelMessage(handmade({ request: long }))).toThrow("instead of 5");
});

test("bytes after the message are ignored", () => {
  const bytes = encodeKernelMessage(request);
  expect(decodeKernelMessage(Uint8Array.of(...bytes, 0xc1, 0xff))).toEqual(request);
});

test("an address that is not one makes the message undecodable", () => {
  for (const address of ["p:q:a.os", "a@b@p:q:r", "a@p:q", "a@p:q:r:s", "@p:q:r", ""]) {
    const write = (writer: ByteWriter) => writer.text(address);
    expect(() => decodeKernelMessage(handmade({ source: write }))).toThrow(CodecError);
  }
});

test("[N18] nesting deeper than 64 and counts beyond the bytes are refused before allocating", () => {
  const nested = (depth: number) => (writer: ByteWriter) => {
    writer.map(5);
    writer.text("x");
    writer.raw(new Uint8Array(depth).fill(0x91));
    writer.nil();
    for (const [name, form] of [
      ["inherit", "c2"],
      ["expects_response", "1e"],
      ["body", "9201ccc8"],
      ["capabilities", "90"],
    ]) {
      writer.text(name!);
      writer.raw(unhex(form!));
    }
  };
  expect(decodeKernelMessage(handmade({ request: nested(60) }))).toEqual(usual);
  expect(() => decodeKernelMessage(handmade({ request: nested(65) }))).toThrow(
    "nested deeper than 64",
  );
  expect(() => decodeKernelMessage(handmade({ request: nested(1_000_000) }))).toThrow(
    "nested deeper",
  );
  for (const body of ["ddffffffff", "c6ffffffff", "dcffff", "dbffffffff"]) {
    const before = process.memoryUsage().rss;
    expect(() => decodeKernelMessage(handmade({ body: raw(body) }))).toThrow(CodecError);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
  }
});

test("a message at the size limit passes, one byte more is refused by both sides", () => {
  const sized = (length: number): KernelMessage => ({
    ...ack,
    blob: { mime: undefined, bytes: new Uint8Array(length).fill(1) },
  });
  const overhead = encodeKernelMessage(sized(100_000)).length - 100_000;
  const largest = encodeKernelMessage(sized(MAX_MESSAGE_BYTES - overhead));
  expect(largest.length).toBe(MAX_MESSAGE_BYTES);
  expect(decodeKernelMessage(largest).id).toBe(300);
  expect(() => encodeKernelMessage(sized(MAX_MESSAGE_BYTES - overhead + 1))).toThrow(
    "A message of 10485801 bytes exceeds the limit of 10485800 bytes",
  );
  const longer = new Uint8Array(MAX_MESSAGE_BYTES + 1);
  longer.set(largest);
  expect(() => decodeKernelMessage(longer)).toThrow("exceeds the limit");
  expect(() => encodeKernelMessage(sized(100_000_000))).toThrow("exceeds the limit");
});

test("what is decoded shares no memory with its input", () => {
  const bytes = encodeKernelMessage(everything, { bytesAs: "bin" });
  const message = decodeKernelMessage(bytes);
  bytes.fill(0xff);
  expect(message).toEqual(everything);
});

test("the vector of a capability's signed form", () => {
  const capability = { issuer: alice, params: '"messaging"' };
  expect(hex(encodeCapability(capability))).toBe(
    "92bb616c6963652e6f7340636861743a636861743a616c6963652e6f73ab226d6573736167696e6722",
  );
});

const anyText = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => text.isWellFormed());
const anyPart = fc.stringMatching(/^[a-zA-Z0-9 .é-]{1,20}$/);
const anyAddress = fc
  .tuple(anyPart, anyPart, anyPart, anyPart)
  .map(([node, a, b, c]) => ({ node, process: `${a}:${b}:${c}` as ProcessId }));
const anyBytes = fc.uint8Array({ maxLength: 300 });
const anyU64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(toU64);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const anyCapability: fc.Arbitrary<SignedCapability> = fc.record({
  issuer: anyAddress,
  params: anyText,
  signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
});
const shared = {
  inherit: fc.boolean(),
  body: anyBytes,
  metadata: maybe(anyText),
  capabilities: fc.array(anyCapability, { maxLength: 3 }),
};
const anyMessage: fc.Arbitrary<KernelMessage> = fc.record({
  id: anyU64,
  source: anyAddress,
  target: anyAddress,
  rsvp: maybe(anyAddress),
  message: fc.oneof(
    fc.record({ kind: fc.constant("request" as const), expectsResponse: maybe(anyU64), ...shared }),
    fc.record({ kind: fc.constant("response" as const), ...shared }),
  ),
  blob: maybe(fc.record({ mime: maybe(anyText), bytes: anyBytes })),
});

test("decoding inverts encoding, in both forms of bytes", () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      expect(decodeKernelMessage(encodeKernelMessage(message))).toEqual(message);
      expect(decodeKernelMessage(encodeKernelMessage(message, { bytesAs: "bin" }))).toEqual(
        message,
      );
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("another MessagePack library reads the same values", () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const read = decode(encodeKernelMessage(message), { useBigInt64: true }) as unknown[];
      expect(BigInt(read[0] as number)).toBe(BigInt(message.id));
      expect(read[1]).toBe(`${message.source.node}@${message.source.process}`);
      const [fields] = Object.values(read[4] as Record<string, unknown[]>);
      const isRequest = message.message.kind === "request";
      const body = isRequest ? fields?.[2] : (fields?.[0] as unknown[] | undefined)?.[1];
      expect(body).toEqual([...message.message.body]);
    }),
    { seed: 2, numRuns: 200 },
  );
});

test("any bytes either decode or throw CodecError", () => {
  const mangled = fc
    .tuple(anyMessage, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
    .map(([message, edits, cut]) => {
      const bytes = encodeKernelMessage(message);
      for (const [at, value] of edits) bytes[at % bytes.length] = value;
      return cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes;
    });
  fc.assert(
    fc.property(fc.oneof(mangled, fc.uint8Array({ maxLength: 64 })), (bytes) => {
      try {
        decodeKernelMessage(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(CodecError);
      }
    }),
    { seed: 3, numRuns: 3000 },
  );
});
