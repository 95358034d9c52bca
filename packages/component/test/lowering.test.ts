import { expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import type {
  Address,
  Capability,
  Delivery,
  LazyLoadBlob,
  ProcessId,
  Request,
  Response,
} from "@kinode-ts/types";
import { formatProcessId, toU64, U64_MAX } from "@kinode-ts/types";
import type { AbiType } from "../src/canonical-abi/abi-type.ts";
import { bytes } from "../src/canonical-abi/lists.ts";
import { tuple } from "../src/canonical-abi/records.ts";
import { option, result } from "../src/canonical-abi/variants.ts";
import { bool, u8 } from "../src/canonical-abi/scalars.ts";
import { STATUS } from "../src/core-module/metering.ts";
import { standardInterface } from "../src/standard-interface.ts";
import { STANDARD_VERSIONS } from "../src/select-interface.ts";
import {
  address,
  capabilities,
  deliveryTypes,
  lazyLoadBlob,
  message,
  onExit,
  outgoingRequests,
  processId,
  request,
  response,
  spawnError,
} from "../src/standard-types.ts";
import { createMemory, fakeFiber } from "./guest-memory.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(120_000);

const part = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .map((text) => text.replaceAll(/[:@]/g, "-"));
const addresses: fc.Arbitrary<Address> = fc
  .tuple(part, part, part, part)
  .map(([node, processName, packageName, publisherNode]) => ({
    node,
    process: formatProcessId({ processName, packageName, publisherNode }),
  }));
const someBytes = fc.uint8Array({ maxLength: 80 });
const blobs: fc.Arbitrary<LazyLoadBlob> = fc.record({
  mime: fc.option(fc.string(), { nil: undefined }),
  bytes: someBytes,
});
const held: fc.Arbitrary<readonly Capability[]> = fc.array(
  fc.record({ issuer: addresses, params: fc.string() }),
  { maxLength: 3 },
);
const metadata = fc.option(fc.string({ unit: "grapheme" }), { nil: undefined });
const seconds = fc.option(fc.bigInt({ min: 0n, max: U64_MAX }).map(toU64), { nil: undefined });
const requests: fc.Arbitrary<Request> = fc.record({
  kind: fc.constant("request" as const),
  inherit: fc.boolean(),
  expectsResponse: seconds,
  body: someBytes,
  metadata,
  capabilities: held,
});
const responses: fc.Arbitrary<Response> = fc.record({
  kind: fc.constant("response" as const),
  inherit: fc.boolean(),
  body: someBytes,
  metadata,
  capabilities: held,
});
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
const messages: fc.Arbitrary<Delivery> = fc.oneof(
  fc.record({
    kind: fc.constant("message" as const),
    source: addresses,
    message: requests,
    context: fc.constant(undefined),
  }),
  fc.record({
    kind: fc.constant("message" as const),
    source: addresses,
    message: responses,
    context: maybe(someBytes),
  }),
);
const errors: fc.Arbitrary<Delivery> = fc.record({
  kind: fc.constant("send-error" as const),
  error: fc.record({
    kind: fc.constantFrom("offline" as const, "timeout" as const),
    target: addresses,
    message: requests,
    blob: maybe(blobs),
  }),
  context: maybe(someBytes),
});

/** Where arguments and results lie in the tests. */
const AT = 1_024;
const RESULT_AT = 4_096;

const bind = (name: string, fiber: ReturnType<typeof fakeFiber>) =>
  standardInterface("1.0.0").get(name)!.bind(fiber) as (...args: number[]) => number;

test("receive writes messages as the canonical ABI's general rules do", () => {
  fc.assert(
    fc.property(messages, (delivery) => {
      const fiber = fakeFiber({ poll: () => delivery });
      expect(bind("receive", fiber)(RESULT_AT)).toBe(0);
      const { memory } = fiber;
      expect(memory.view()[RESULT_AT]).toBe(0);
      const read = tuple(address, message).load(memory, RESULT_AT + 8);
      const { source, message: inner, context } = delivery as Delivery & { kind: "message" };
      expect(read).toEqual([source, { message: inner, context }]);
    }),
    { numRuns: 300 },
  );
});

test("our writes the address as the canonical ABI's general rules do, or traps where it does not fit", () => {
  fc.assert(
    fc.property(addresses, (own) => {
      const fiber = fakeFiber({ our: own });
      expect(bind("our", fiber)(RESULT_AT)).toBe(STATUS.done);
      expect(address.load(fiber.memory, RESULT_AT)).toEqual(own);
      expect(() => bind("our", fiber)(RESULT_AT + 2)).toThrow("not aligned");
      expect(() => bind("our", fiber)(fiber.memory.byteLength - 8)).toThrow("outside its memory");
    }),
    { numRuns: 100 },
  );
});

test("send-and-await-response lifts its request and writes its answer", () => {
  const params = tuple(address, request, option(lazyLoadBlob));
  fc.assert(
    fc.property(addresses, requests, maybe(blobs), messages, (target, asked, blob, answer) => {
      let seen: unknown;
      const fiber = fakeFiber({
        beginAwait: (...args) => void (seen = args),
        pollAwaited: () => answer,
      });
      params.store(fiber.memory, [target, asked, blob], AT);
      bind("send-and-await-response", fiber)(AT, RESULT_AT);
      expect(seen).toEqual([target, asked, blob]);
      const read = tuple(address, message).load(fiber.memory, RESULT_AT + 8);
      expect(read[0]).toEqual((answer as Delivery & { kind: "message" }).source);
    }),
    { numRuns: 200 },
  );
});

test("send-request lifts all it is given", () => {
  const params = tuple(address, request, option(bytes), option(lazyLoadBlob));
  fc.assert(
    fc.property(
      addresses,
      requests,
      maybe(someBytes),
      maybe(blobs),
      (target, asked, context, blob) => {
        let seen: unknown;
        const fiber = fakeFiber({ sendRequest: (...args) => void (seen = args) });
        params.store(fiber.memory, [target, asked, context, blob], AT);
        bind("send-request", fiber)(AT);
        expect(seen).toEqual([target, asked, context, blob]);
      },
    ),
    { numRuns: 200 },
  );
});

test("send-response lifts its 14 flat parameters", () => {
  fc.assert(
    fc.property(responses, maybe(blobs), (answer, blob) => {
      let seen: unknown;
      const fiber = fakeFiber({ sendResponse: (...args) => void (seen = args) });
      const { memory } = fiber;
      const slots: number[] = [];
      response.store(memory, answer, AT);
      option(lazyLoadBlob).store(memory, blob, AT + 64);
      memory.view();
      const word = (at: number): number => memory.u32[at >> 2]!;
      const byte = (at: number): number => memory.u8[at]!;
      slots.push(
        byte(AT),
        word(AT + 4),
        word(AT + 8),
        byte(AT + 12),
        word(AT + 16),
        word(AT + 20),
        word(AT + 24),
        word(AT + 28),
      );
      slots.push(
        byte(AT + 64),
        byte(AT + 68),
        word(AT + 72),
        word(AT + 76),
        word(AT + 80),
        word(AT + 84),
      );
      bind("send-response", fiber)(...slots);
      expect(seen).toEqual([answer, blob]);
    }),
    { numRuns: 200 },
  );
});

test("get-blob writes none and some", () => {
  fc.assert(
    fc.property(maybe(blobs), (blob) => {
      const fiber = fakeFiber({ getBlob: () => blob });
      bind("get-blob", fiber)(RESULT_AT);
      expect(option(lazyLoadBlob).load(fiber.memory, RESULT_AT)).toEqual(blob);
    }),
    { numRuns: 200 },
  );
});

test("[K3] a send-error given to a 0.7.0 component has no target; to 0.8.0 and 1.0.0 it has", () => {
  fc.assert(
    fc.property(errors, fc.constantFrom(...STANDARD_VERSIONS), (delivery, version) => {
      const fiber = fakeFiber({ poll: () => delivery });
      const core = standardInterface(version).get("receive")!;
      (core.bind(fiber) as (at: number) => number)(RESULT_AT);
      const { memory } = fiber;
      expect(memory.view()[RESULT_AT]).toBe(1);
      const { error, context } = delivery as Delivery & { kind: "send-error" };
      // kind at 0; then target (32 bytes) only since 0.8.0; then message and blob
      const start = RESULT_AT + 8;
      expect(memory.u8[start]).toBe(error.kind === "offline" ? 0 : 1);
      const hasTarget = version !== "0.7.0";
      if (hasTarget) expect(address.load(memory, start + 4)).toEqual(error.target);
      const messageAt = start + (hasTarget ? 40 : 8);
      expect(message.load(memory, messageAt).message).toEqual(error.message);
      expect(option(lazyLoadBlob).load(memory, messageAt + 64)).toEqual(error.blob);
      expect(option(bytes).load(memory, messageAt + 88)).toEqual(context);
      expect(deliveryTypes(version).received.sizeBytes).toBe(hasTarget ? 152 : 120);
    }),
    { numRuns: 200 },
  );
});

test("spawn from 0.8.0 takes a list of process ids and asks to grant each exactly messaging of the child (executor half of K4)", async () => {
  for (const version of ["0.7.0", "0.8.0"] as const) {
    let seen: unknown;
    const fiber = fakeFiber({
      spawn: async (asked) => ((seen = asked), { ok: true, value: "c:test:sys" as ProcessId }),
    });
    const { memory } = fiber;
    const grants = ["a:test:sys", "b:test:sys"] as ProcessId[];
    const { list, string } = await import("../src/canonical-abi/lists.ts");
    const params = [option(string), string, onExit, capabilities, list(processId), bool] as const;
    const values = ["kid", "/test:sys/pkg/x.wasm", { kind: "restart" }, [], grants, true];
    const flat: number[] = [];
    params.forEach((type, i) => {
      const at = AT + i * 128;
      (type as AbiType<unknown>).store(memory, values[i], at);
      memory.view();
      const word = (offset: number): number => memory.u32[(at + offset) >> 2]!;
      if (i === 0) flat.push(memory.u8[at]!, word(4), word(8));
      else if (i === 2) flat.push(memory.u8[at]!, word(4), word(8));
      else if (i === 5) flat.push(memory.u8[at]!);
      else flat.push(word(0), word(4));
    });
    const core = standardInterface(version).get("spawn")!.bind(fiber) as (
      ...args: number[]
    ) => number;
    core(...flat, RESULT_AT);
    await Promise.resolve();
    expect(seen).toEqual({
      name: "kid",
      wasmPath: "/test:sys/pkg/x.wasm",
      onExit: { kind: "restart" },
      requestCapabilities: [],
      public: true,
      grantCapabilities: grants.map((process) => ({ process, params: '"messaging"' })),
    });
  }
});

const roundTrip = <T>(type: AbiType<T>, value: T): T => {
  const { memory } = createMemory();
  type.store(memory, value, AT);
  return type.load(memory, AT);
};

test("what is stored is loaded again: on-exit, lists of requests, errors", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          target: addresses,
          request: requests,
          context: maybe(someBytes),
          blob: maybe(blobs),
        }),
        { maxLength: 4 },
      ),
      (items) => {
        expect(roundTrip(outgoingRequests, items)).toEqual(items);
        const plain = items.map(({ target, request, blob }) => ({ target, request, blob }));
        expect(roundTrip(onExit, { kind: "requests", requests: plain })).toEqual({
          kind: "requests",
          requests: plain,
        });
      },
    ),
    { numRuns: 100 },
  );
  expect(roundTrip(onExit, { kind: "none" })).toEqual({ kind: "none" });
  expect(roundTrip(spawnError, "no-file-at-path")).toBe("no-file-at-path");
  expect(roundTrip(result(u8, spawnError), { ok: false, error: "name-taken" })).toEqual({
    ok: false,
    error: "name-taken",
  });
});

test("lists naming the same guest bytes again and again are refused before they cost the node memory", () => {
  const fiber = fakeFiber({ saveCapabilities: () => undefined });
  const { memory } = fiber;
  const count = 70_000;
  const core = standardInterface("1.0.0").get("save-capabilities")!.bind(fiber) as (
    ...args: number[]
  ) => number;
  const pointer = memory.allocate(4, count * 40);
  expect(() => core(pointer, count)).toThrow(
    "The process passed lists of more than 65536 elements in one call",
  );
});

test("the interface has 16 functions before 1.0.0 and 19 since", () => {
  expect(STANDARD_VERSIONS.map((version) => standardInterface(version).size)).toEqual([16, 16, 19]);
});
