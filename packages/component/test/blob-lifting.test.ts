/**
 * Large blobs go into buffers of the pool, small ones and everything else do not.
 * @module
 */
import { expect, test } from "bun:test";
import type { LazyLoadBlob, ProcessHost } from "@kinode-ts/types";
import { BlobPool } from "../src/blob-pool.ts";
import { option } from "../src/canonical-abi/variants.ts";
import { lazyLoadBlob } from "../src/standard-types.ts";
import { standardInterface } from "../src/standard-interface.ts";
import { fakeFiber } from "./guest-memory.ts";

const AT = 1_024;
/** Where the blob lies in the parameters of `send-request`. */
const BLOB_AT = AT + 100;
const RESULT_AT = 2_048;

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
}

/** Sends one request with this blob; returns what the host got. */
function send(pool: BlobPool, blob: LazyLoadBlob): LazyLoadBlob {
  let seen: LazyLoadBlob | undefined;
  const fiber = fakeFiber(
    { sendRequest: (_to, _request, _context, got) => void (seen = got) },
    pool,
  );
  option(lazyLoadBlob).store(fiber.memory, blob, BLOB_AT);
  call("send-request", fiber, AT);
  return seen!;
}

function call(name: string, fiber: ReturnType<typeof fakeFiber>, ...args: number[]): void {
  const bound = standardInterface("1.0.0").get(name)!.bind(fiber);
  (bound as (...values: number[]) => unknown)(...args);
}

test("a blob from 4 KiB on is lifted into a buffer that was used before, all of it overwritten", () => {
  const pool = new BlobPool({ checks: true });
  const bytes = pattern(4_096);
  const first = send(pool, { mime: "a/b", bytes });
  expect(first).toMatchObject({ mime: "a/b", bytes });
  first.lease!.received();
  first.lease!.replaced();
  const others = bytes.toReversed();
  const second = send(pool, { mime: undefined, bytes: others });
  expect(second.bytes).toBe(first.bytes);
  expect(second.bytes).toEqual(others);
  expect(second.bytes.buffer.byteLength).toBe(4_096);
  expect(pool.reusedCount).toBe(1);
});

test("a smaller blob has a buffer of its own", () => {
  const pool = new BlobPool();
  pool.give(new Uint8Array(4_096));
  const bytes = pattern(4_095);
  expect(send(pool, { mime: undefined, bytes })).toEqual({ mime: undefined, bytes });
});

test("a blob outside the guest's memory traps before a buffer is taken", () => {
  const pool = new BlobPool();
  pool.give(new Uint8Array(70_000));
  const fiber = fakeFiber({ sendRequest: () => {} }, pool);
  fiber.memory.view().set([1], BLOB_AT);
  const { u32 } = fiber.memory;
  u32[(BLOB_AT + 16) >> 2] = 60_000;
  u32[(BLOB_AT + 20) >> 2] = 70_000;
  expect(() => call("send-request", fiber, AT)).toThrow("outside its memory");
  expect(pool.idleCount).toBe(1);
});

test("get-blob and last-blob look without taking hold, where the host lets them", () => {
  const blob: LazyLoadBlob = { mime: "a/b", bytes: pattern(300) };
  const calls: string[] = [];
  const note =
    <T>(name: string, value: T) =>
    () => {
      calls.push(name);
      return value;
    };
  const holding: Partial<ProcessHost> = {
    hasBlob: () => true,
    getBlob: note("getBlob", blob),
    lastBlob: note("lastBlob", blob),
  };
  const looking = { ...holding, peekBlob: note("peekBlob", blob) };
  for (const host of [holding, looking]) {
    for (const name of ["get-blob", "last-blob"]) {
      const fiber = fakeFiber(host);
      fiber.memory.beginCall();
      call(name, fiber, RESULT_AT);
      expect(option(lazyLoadBlob).load(fiber.memory, RESULT_AT)).toEqual(blob);
    }
  }
  expect(calls).toEqual(["getBlob", "lastBlob", "peekBlob", "peekBlob"]);
  const fiber = fakeFiber({ ...looking, hasBlob: () => false });
  call("get-blob", fiber, RESULT_AT);
  expect(option(lazyLoadBlob).load(fiber.memory, RESULT_AT)).toBeUndefined();
});
