/** The committed example in Rust, on the public process library, keeps to what its README says. */
import { createComponentExecutor } from "@kinode-ts/component";
import { createSeededRandom, createVirtualClock } from "@kinode-ts/testing";
import type { Delivery, LazyLoadBlob, ProcessHost } from "@kinode-ts/types";
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createFakeHost, type FakeHost, TESTER } from "./fake-host.ts";

const ECHO = join(import.meta.dir, "../../examples/echo/pkg/echo.wasm");

const response = (body: string): Delivery => ({
  kind: "message",
  source: { node: "alice.os", process: "http-server:distro:sys" as never },
  message: {
    kind: "response",
    inherit: false,
    body: new TextEncoder().encode(body),
    metadata: undefined,
    capabilities: [],
  },
  context: undefined,
});

const request = (body: string): Delivery => ({
  kind: "message",
  source: TESTER,
  message: {
    kind: "request",
    inherit: false,
    expectsResponse: 5,
    body: new TextEncoder().encode(body),
    metadata: undefined,
    capabilities: [],
  },
  context: undefined,
});

/** Runs echo until it waits in vain, then kills it. */
async function runEcho(
  deliveries: readonly Delivery[],
  change: Partial<ProcessHost> = {},
): Promise<FakeHost> {
  const executor = createComponentExecutor({
    clock: createVirtualClock(),
    random: createSeededRandom(1),
  });
  const bytes = new Uint8Array(readFileSync(ECHO));
  const program = await executor.prepare({ handle: "/echo:example.os/pkg/echo.wasm", bytes });
  const host = createFakeHost(deliveries, response('{"Ok":null}'));
  Object.assign(host, change);
  const waiting = Promise.withResolvers<() => void>();
  host.park = (wake) => waiting.resolve(wake);
  const running = program.start(host, { maxMemoryBytes: 64 << 20, fuelPerCheck: 1_000_000 });
  const outcome = await Promise.race([waiting.promise, running.ended]);
  if (typeof outcome !== "function") throw new Error(`echo ended: ${JSON.stringify(outcome)}`);
  running.kill();
  Object.assign(host, { killed: true });
  outcome();
  await running.ended;
  return host;
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

test("echo answers with the body and the blob it was sent", async () => {
  const blob: LazyLoadBlob = { mime: "a/b", bytes: new Uint8Array([9, 8]) };
  const host = await runEcho([request("one"), request("two")], { getBlob: () => blob });
  expect(host.responses.map((entry) => text(entry.response.body))).toEqual(["one", "two"]);
  expect(host.responses[0]!.blob).toEqual(blob);
  expect(host.printed).toEqual(["0 begins, 0 messages answered so far"]);
});

test("echo binds its page and puts itself on the home page", async () => {
  const host = await runEcho([]);
  const [bound, added] = host.sent;
  expect(bound!.target.process).toBe("http-server:distro:sys" as never);
  expect(JSON.parse(text(bound!.request.body))).toMatchObject({ Bind: { path: "/" } });
  expect(added!.target.process).toBe("homepage:homepage:sys" as never);
  expect(JSON.parse(text(added!.request.body))).toMatchObject({
    Add: { label: "Echo", path: "/" },
  });
});

test("echo counts what it answered in its state", async () => {
  const saved: string[] = [];
  const setState = async (bytes: Uint8Array): Promise<void> => void saved.push(text(bytes));
  const getState = async (): Promise<Uint8Array> => new TextEncoder().encode('{"answered":41}');
  const host = await runEcho([request("x")], { getState, setState });
  expect(saved).toEqual(['{"answered":42}']);
  expect(host.printed[0]).toContain("41 messages");
});
