import { expect, test } from "bun:test";
import { ProcessFault } from "@kinode-ts/types";
import { createWasiProcess } from "../../test/wasi-process.ts";
import { WASI_INTERFACES } from "./index.ts";

const START_S = 1_738_281_600; // 2025-01-31T00:00:00Z, where the virtual clock starts
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const ok = (value?: unknown) => ({ ok: true, value });
const closed = { ok: false, error: "closed" };

test("sleeping waits for the time asked for, and for no longer", async () => {
  const process = createWasiProcess();
  const pollable = process.wasi("clocks/monotonic-clock#subscribe-duration", 250_000_000);
  expect(process.wasi("io/poll#[method]pollable.ready", pollable)).toBe(false);
  let woken = false;
  const waiting = process.wasi("io/poll#[method]pollable.block", pollable) as Promise<void>;
  void waiting.then(() => (woken = true));
  await process.clock.advance(249);
  expect(woken).toBe(false);
  await process.clock.advance(1);
  expect(woken).toBe(true);
  expect(process.wasi("io/poll#[method]pollable.ready", pollable)).toBe(true);
  expect(process.wasi("io/poll#[method]pollable.block", pollable)).toBeUndefined();
});

test("poll waits for the first, tells all that are due then, and does not wait for what is ready", async () => {
  const process = createWasiProcess();
  const after = (ms: number): unknown =>
    process.wasi("clocks/monotonic-clock#subscribe-duration", ms * 1e6);
  const now = process.wasi("clocks/monotonic-clock#now") as number;
  const at = process.wasi("clocks/monotonic-clock#subscribe-instant", now + 20e6);
  const times = [after(30), after(20), at, after(500)];
  const answer = process.wasi("io/poll#poll", times) as Promise<number[]>;
  expect(await process.clock.runUntil(answer)).toEqual([1, 2]);
  const stdin = process.wasi("cli/stdin#get-stdin");
  const ready = process.wasi("io/streams#[method]input-stream.subscribe", stdin);
  expect(process.wasi("io/poll#poll", [times[3], ready])).toEqual([1]);
  expect(() => process.wasi("io/poll#poll", [])).toThrow(ProcessFault);
});

test("clocks tell the virtual time, and every zone is UTC", async () => {
  const process = createWasiProcess();
  expect(process.wasi("clocks/wall-clock#now")).toEqual({ seconds: START_S, nanoseconds: 0 });
  const before = process.wasi("clocks/monotonic-clock#now") as number;
  await process.clock.advance(1_500.25);
  expect(process.wasi("clocks/wall-clock#now")).toEqual({
    seconds: START_S + 1,
    nanoseconds: 500_000_000,
  });
  expect((process.wasi("clocks/monotonic-clock#now") as number) - before).toBe(1_500_250_000);
  expect(process.wasi("clocks/monotonic-clock#resolution")).toBe(1_000);
  expect(process.wasi("clocks/wall-clock#resolution")).toEqual({ seconds: 0, nanoseconds: 1_000 });
  const when = { seconds: 0, nanoseconds: 0 };
  expect(process.wasi("clocks/timezone#utc-offset", when)).toBe(0);
  expect(process.wasi("clocks/timezone#display", when)).toEqual({
    utcOffset: 0,
    name: "UTC",
    inDaylightSavingTime: false,
  });
});

test("randomness has the length asked for, differs each time and is bounded", () => {
  const process = createWasiProcess();
  for (const name of ["random#get-random", "insecure#get-insecure-random"]) {
    const get = () => process.wasi(`random/${name}-bytes`, 32) as Uint8Array;
    expect(get().length).toBe(32);
    expect(get()).not.toEqual(get());
    expect(process.wasi(`random/${name}-u64`)).not.toBe(process.wasi(`random/${name}-u64`));
    expect(() => process.wasi(`random/${name}-bytes`, 2 ** 40)).toThrow(
      `it asked for ${2 ** 40} random bytes in one call, above the limit of 1048576`,
    );
  }
  const [a, b] = process.wasi("random/insecure-seed#insecure-seed") as [number, number];
  expect(a).not.toBe(b);
});

test("standard input is at its end", () => {
  const process = createWasiProcess();
  const stdin = process.wasi("cli/stdin#get-stdin");
  for (const name of ["read", "blocking-read", "skip", "blocking-skip"])
    expect(process.wasi(`io/streams#[method]input-stream.${name}`, stdin, 10)).toEqual(closed);
});

test("standard output takes and forgets, standard error takes and keeps", () => {
  const process = createWasiProcess();
  for (const [name, kept] of [
    ["stdout", []],
    ["stderr", ["one", "two", "\0\0\0"]],
  ] as const) {
    const stream = process.wasi(`cli/${name}#get-${name}`);
    const call = (method: string, ...values: unknown[]): unknown =>
      process.wasi(`io/streams#[method]output-stream.${method}`, stream, ...values);
    expect(call("check-write")).toEqual(ok(65_536));
    expect(call("write", bytes("one"))).toEqual(ok());
    expect(call("blocking-write-and-flush", bytes("two"))).toEqual(ok());
    expect(call("flush")).toEqual(ok());
    expect(call("blocking-flush")).toEqual(ok());
    expect(call("write-zeroes", 3)).toEqual(ok());
    const stdin = process.wasi("cli/stdin#get-stdin");
    expect(call("splice", stdin, 3)).toEqual(closed);
    expect(process.stderr).toEqual([...kept]);
  }
});

test("zeroes of any length cost no more than one chunk", () => {
  const process = createWasiProcess();
  const stderr = process.wasi("cli/stderr#get-stderr");
  process.wasi("io/streams#[method]output-stream.write-zeroes", stderr, 2n ** 63n);
  expect(process.stderr.join("").length).toBe(65_536);
});

test("there is no argument, variable, folder, terminal, socket or name of the host", () => {
  const process = createWasiProcess();
  expect(process.wasi("cli/environment#get-environment")).toEqual([]);
  expect(process.wasi("cli/environment#get-arguments")).toEqual([]);
  expect(process.wasi("cli/environment#initial-cwd")).toBeUndefined();
  expect(process.wasi("filesystem/preopens#get-directories")).toEqual([]);
  for (const name of ["stdin", "stdout", "stderr"])
    expect(process.wasi(`cli/terminal-${name}#get-terminal-${name}`)).toBeUndefined();
  const network = process.wasi("sockets/instance-network#instance-network");
  expect(process.wasi("sockets/ip-name-lookup#resolve-addresses", network, "localhost")).toEqual({
    ok: false,
    error: "permanent-resolver-failure",
  });
  for (const name of ["tcp", "udp"]) {
    expect(process.wasi(`sockets/${name}-create-socket#create-${name}-socket`, "ipv4")).toEqual({
      ok: false,
      error: "access-denied",
    });
  }
});

test("to exit ends the process as an error, also with success", () => {
  const process = createWasiProcess();
  const ending = (name: string, status: unknown): void => void process.wasi(name, status);
  expect(() => ending("cli/exit#exit", ok())).toThrow("it called exit with code 0");
  expect(() => ending("cli/exit#exit", { ok: false })).toThrow("it called exit with code 1");
  expect(() => ending("cli/exit#exit-with-code", 7)).toThrow("it called exit with code 7");
});

test("interfaces are found by name without version, resources by their own name", () => {
  for (const [name, item] of WASI_INTERFACES) {
    expect(item.name).toBe(name);
    expect(name).toMatch(/^wasi:[a-z]+\/[a-z-]+$/);
    for (const [key, resource] of Object.entries(item.resources)) expect(resource.name).toBe(key);
  }
});
