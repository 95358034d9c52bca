/**
 * Round trips: small, with blobs, between Rust processes, and with many processes alive.
 * @module
 */
import { loadComponent } from "@kinode-ts/component";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { guestBytes } from "@kinode-ts/testing/guests";
import { formatAddress } from "@kinode-ts/types";
import {
  type BenchNode,
  clock,
  countBody,
  createBenchNode,
  idOf,
  OUR,
  random,
} from "./bench-node.ts";
import { type Figure, figure, interleave, type Scenario } from "./figure.ts";
import { kernelJob } from "./metering-cost.ts";

const ROUNDS = 9;
const COUNT = 50_000;
const LIMITS = { maxMemoryBytes: 64 << 20, fuelPerCheck: 100_000 };

/** Microseconds per round trip of two small components linked directly, without a kernel. */
async function directPair(): Promise<(count: number) => Promise<number>> {
  const link = new DirectLink();
  const start = async (name: string) => {
    const program = await loadComponent(guestBytes(name), { clock, random });
    const host = link.createHost({ node: "our", process: idOf(name) });
    program.start(host, LIMITS);
    return host;
  };
  await start("echo");
  const ping = await start("ping");
  return async (count) => {
    const startedMs = performance.now();
    await new Promise<void>((resolve) => {
      ping.onResponse = () => resolve();
      ping.request({ node: "our", process: idOf("bench") }, countBody(count));
    });
    return ((performance.now() - startedMs) * 1_000) / count;
  };
}

/** The same two components through the whole kernel. */
async function kernelPair(node: BenchNode): Promise<(count: number) => Promise<number>> {
  await node.start("echo", "echo.wasm", guestBytes("echo"), ["ping"]);
  const ping = await node.start("ping", "ping.wasm", guestBytes("ping"), ["echo"]);
  return async (count) => {
    const startedMs = performance.now();
    await node.ask(ping, countBody(count));
    return ((performance.now() - startedMs) * 1_000) / count;
  };
}

async function warm(run: (count: number) => Promise<number>): Promise<void> {
  for (let i = 0; i < 4; i++) await run(COUNT);
}

export const ROUND_TRIP_16: Scenario = {
  name: "round trip",
  figures: ["round-trip-16"],
  async run() {
    const direct = await directPair();
    const through = await kernelPair(await createBenchNode());
    await warm(direct);
    await warm(through);
    const { a, b } = await interleave(
      ROUNDS,
      () => through(COUNT),
      () => direct(COUNT),
    );
    const baseline = { name: "the same two fibers linked directly, no kernel", value: b };
    return [figure("round-trip-16", a, "µs", baseline, { max: 3, maxRatio: 1.3 })];
  },
};

interface Measured {
  readonly count: number;
  readonly nanoseconds: number;
  readonly wrong: number;
}

/** Two processes on the public Rust library; microseconds per round trip, by the asking process's own clock. */
async function rustPair(): Promise<
  (count: number, bodyBytes: number, blobBytes: number) => Promise<number>
> {
  const node = await createBenchNode();
  await node.start("answering", "rust.wasm", guestBytes("rust-bench"), ["asking"]);
  const asking = await node.start("asking", "rust.wasm", guestBytes("rust-bench"), ["answering"]);
  const measure = formatAddress({ node: OUR, process: idOf("answering") });
  return async (count, bodyBytes, blobBytes) => {
    const job = { measure, count, body_bytes: bodyBytes, blob_bytes: blobBytes };
    const answer = await node.ask(asking, JSON.stringify(job));
    const measured = JSON.parse(new TextDecoder().decode(answer)) as Measured;
    if (measured.wrong > 0) throw new Error(`${measured.wrong} of ${count} answers were wrong`);
    return measured.nanoseconds / 1_000 / measured.count;
  };
}

/** Copies `bytes` as often as one round trip must: out of and into a memory, both ways. */
function copyBaseline(bytes: number, count: number): number {
  const from = new Uint8Array(bytes).fill(1);
  const memory = new Uint8Array(bytes);
  const startedMs = performance.now();
  for (let i = 0; i < count; i++) {
    memory.set(from.slice());
    from.set(memory.slice());
  }
  return ((performance.now() - startedMs) * 1_000) / count;
}

export const ROUND_TRIP_RUST: Scenario = {
  name: "round trip of Rust processes",
  figures: ["round-trip-rust"],
  async run() {
    const rust = await rustPair();
    const direct = await directPair();
    await warm(direct);
    for (let i = 0; i < 4; i++) await rust(20_000, 16, 0);
    const small = await interleave(
      ROUNDS,
      () => rust(20_000, 16, 0),
      () => direct(COUNT),
    );
    const baseline = { name: "two hand-made fibers linked directly, no kernel", value: small.b };
    return [figure("round-trip-rust", small.a, "µs", baseline, { max: 4 })];
  },
};

/** Two processes in C: the asking one counts, the answering one answers what it was sent. */
async function cPair(): Promise<(count: number) => Promise<number>> {
  const node = await createBenchNode();
  await node.start("echo", "c-bench.wasm", guestBytes("c-bench"), ["asking"]);
  const asking = await node.start("asking", "c-bench.wasm", guestBytes("c-bench"), ["echo"]);
  return async (count) => {
    const startedMs = performance.now();
    await node.ask(asking, kernelJob("p", count));
    return ((performance.now() - startedMs) * 1_000) / count;
  };
}

export const ROUND_TRIP_C: Scenario = {
  name: "round trip of C processes",
  figures: ["round-trip-c"],
  async run() {
    const c = await cPair();
    const direct = await directPair();
    await warm(direct);
    await warm(c);
    const { a, b } = await interleave(
      ROUNDS,
      () => c(COUNT),
      () => direct(COUNT),
    );
    const baseline = { name: "two hand-made fibers linked directly, no kernel", value: b };
    return [figure("round-trip-c", a, "µs", baseline, { max: 2.5 })];
  },
};

/** Two small components; the blob enters and leaves both memories. Microseconds per round trip. */
async function blobPair(): Promise<(count: number, bytes: number) => Promise<number>> {
  const node = await createBenchNode();
  await node.start("echo", "mirror.wasm", guestBytes("mirror"), ["ping"]);
  const ping = await node.start("ping", "ping-blob.wasm", guestBytes("ping-blob"), ["echo"]);
  return async (count, bytes) => {
    const startedMs = performance.now();
    await node.ask(ping, Uint8Array.of(...countBody(count), ...countBody(bytes)));
    return ((performance.now() - startedMs) * 1_000) / count;
  };
}

export const ROUND_TRIP_BLOBS: Scenario = {
  name: "round trip with blobs",
  figures: ["round-trip-64k", "round-trip-1m"],
  async run() {
    const blobs = await blobPair();
    const figures: Figure[] = [];
    for (const [name, bytes, count, max] of [
      ["round-trip-64k", 64 << 10, 4_000, 17],
      ["round-trip-1m", 1 << 20, 400, 188],
    ] as const) {
      for (let i = 0; i < 3; i++) await blobs(count, bytes);
      const { a, b } = await interleave(
        ROUNDS,
        () => blobs(count, bytes),
        () => copyBaseline(bytes, count),
      );
      figures.push(figure(name, a, "µs", { name: "copying the same bytes", value: b }, { max }));
    }
    return figures;
  },
};

const MANY = 10_000;

export const ROUND_TRIP_10000: Scenario = {
  name: "round trip among many",
  figures: ["round-trip-10000"],
  async run() {
    const few = await kernelPair(await createBenchNode());
    const crowded = await createBenchNode();
    const bytes = guestBytes("echo");
    for (let i = 0; i < MANY; i++) await crowded.start(`idle-${i}`, "echo.wasm", bytes);
    const many = await kernelPair(crowded);
    await warm(few);
    await warm(many);
    const { a, b } = await interleave(
      ROUNDS,
      () => many(COUNT),
      () => few(COUNT),
    );
    const baseline = { name: "round trip with no other process", value: b };
    return [figure("round-trip-10000", a, "µs", baseline, { maxRatio: 1.5 })];
  },
};

export const ONE_WAY: Scenario = {
  name: "one way",
  figures: ["one-way"],
  async run() {
    const node = await createBenchNode();
    const receiver = await node.start("receiver", "receiver.wasm", guestBytes("receiver"));
    const sender = await node.start("sender", "sender.wasm", guestBytes("sender"), ["receiver"]);
    const count = 200_000;
    let expected = 0;
    /** Messages per second, until the receiver has taken the last one. */
    const send = async () => {
      const startedMs = performance.now();
      await node.ask(sender, countBody(count));
      const answer = await node.ask(receiver, "how many?");
      const seconds = (performance.now() - startedMs) / 1_000;
      expected += count;
      const received = new DataView(answer.buffer, answer.byteOffset).getUint32(0, true);
      if (received !== expected) throw new Error(`${received} messages arrived, not ${expected}`);
      return count / seconds;
    };
    const array = () => {
      const queue: Uint8Array[] = [];
      const startedMs = performance.now();
      for (let i = 0; i < count; i++) queue.push(Uint8Array.of(100, 97, 116, 97));
      for (let i = 0; i < count; i++) queue[i]!.slice();
      return count / ((performance.now() - startedMs) / 1_000);
    };
    for (let i = 0; i < 3; i++) await send();
    const { a, b } = await interleave(ROUNDS, send, array);
    const baseline = { name: "the same bytes through an array", value: b };
    return [figure("one-way", a, "messages/s", baseline, { min: 1_000_000 })];
  },
};
