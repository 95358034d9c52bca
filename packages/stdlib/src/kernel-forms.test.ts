/** Messages in the kernel's JSON: the forms of the specification, and nothing lost on the way there and back. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  fromKernelCapability,
  fromKernelMessage,
  fromKernelOnExit,
  fromKernelSendError,
  toKernelMessage,
  toKernelOnExit,
  toKernelSendError,
} from "./kernel-types.ts";

test("what happens at the end is written as the kernel has it", () => {
  const target = "alice.os@chess:chess:sys";
  const request = {
    inherit: false,
    expects_response: null,
    body: [104, 105],
    metadata: null,
    capabilities: [],
  };
  expect(toKernelOnExit([{ target, body: "hi" }])).toEqual({ Requests: [[target, request, null]] });
  expect([toKernelOnExit("none"), toKernelOnExit("restart")]).toEqual(["None", "Restart"]);
  expect(toKernelOnExit([{ target: "a:b:c", body: { x: 1 }, blob: "!" }])).toEqual({
    Requests: [
      [
        "our@a:b:c",
        { ...request, body: [...new TextEncoder().encode('{"x":1}')] },
        { mime: null, bytes: [33] },
      ],
    ],
  });
  expect(() => toKernelOnExit([{ target: "nonsense", body: "" }])).toThrow("nonsense");
});

test("capabilities are read with and without signature", () => {
  const capability = { issuer: "a.os@b:c:d", params: '"messaging"' };
  expect(fromKernelCapability(capability)).toEqual(capability);
  expect(fromKernelCapability([capability, [1, 2]])).toEqual(capability);
});

const bytes = fc.uint8Array({ maxLength: 20 });
const text = fc.option(fc.string(), { nil: undefined });
const blob = fc.option(fc.record({ mime: text, bytes }), { nil: undefined });
const capabilities = fc.array(fc.record({ issuer: fc.string(), params: fc.string() }), {
  maxLength: 3,
});
const common = { inherit: fc.boolean(), body: bytes, metadata: text, capabilities };
const seconds = fc.option(fc.nat(), { nil: undefined });

/** As it would arrive: through JSON. */
const through = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

test("messages survive the way to the kernel's form and back", () => {
  const request = fc.record({
    kind: fc.constant("request" as const),
    request: fc.record({ ...common, expectsResponse: seconds }),
  });
  const response = fc.record({
    kind: fc.constant("response" as const),
    response: fc.record(common),
    context: fc.option(bytes, { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.oneof(request, response), (message) => {
      expect(fromKernelMessage(through(toKernelMessage(message)))).toEqual(message);
    }),
  );
});

test("failures and ends survive it too", () => {
  const failure = fc.record({
    kind: fc.constantFrom("offline" as const, "timeout" as const),
    target: fc.string(),
    body: bytes,
    blob,
  });
  const exit = fc.array(
    fc.record({ target: fc.constant("a.os@b:c:d"), body: bytes, metadata: text, blob }),
    { maxLength: 3 },
  );
  fc.assert(
    fc.property(failure, exit, (failed, requests) => {
      expect(fromKernelSendError(through(toKernelSendError(failed)))).toEqual(failed);
      expect(fromKernelOnExit(through(toKernelOnExit(requests)))).toEqual(requests);
    }),
  );
});
