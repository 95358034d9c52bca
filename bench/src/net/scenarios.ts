/**
 * Node to node: `bun run bench net`. Two programs on one machine, whole kernels and real sockets on loopback; baselines are the
 * same bytes over Bun's TCP sockets between the same programs.
 * @module
 */
import { createNodeSigner, primitives } from "@kinode-ts/crypto";
import { InitiatorHandshake, OUR_FEATURES, ResponderHandshake } from "@kinode-ts/net";
import { random } from "../bench-node.ts";
import { type Figure, figure, interleave, median, percentile, type Scenario } from "../figure.ts";
import { crowdName, crowdSeed } from "./crowd.ts";
import { type NodeChild, startChild, startPair } from "./pair.ts";
import type { NetDone, NetJob } from "./processes.ts";

const SINK = "b.os@sink:test:sys";
const RUST = "b.os@rust:test:sys";
const SMALL_BYTES = 100;
const ROUNDS = 5;
const MIB = 1024 * 1024;

type Pair = Awaited<ReturnType<typeof startPair>>;

async function withPair<T>(measure: (pair: Pair) => Promise<T>): Promise<T> {
  const pair = await startPair();
  try {
    return await measure(pair);
  } finally {
    await pair.stop();
  }
}

async function run(node: NodeChild, job: NetJob): Promise<NetDone> {
  const done = await node.order<NetDone>({ kind: "run", job });
  if (job.kind !== "acknowledged" && done.arrived !== job.count) {
    throw new Error(`${done.arrived} of ${job.count} messages arrived`);
  }
  return done;
}

const plain = (
  { a, b }: Pair,
  what: "round-trips" | "window" | "stream" | "connect",
  count: number,
  bytes: number,
): Promise<number> => a.order<number>({ kind: "plain", what, port: b.plainPort, count, bytes });

const referred = (made: Figure, reference: string, note?: string): Figure => ({
  ...made,
  reference,
  ...(note === undefined ? {} : { note }),
});

// --- handshakes -----------------------------------------------------------------------------------

function handshakes(count: number): number {
  const identity = (our: string) => ({
    our,
    signer: createNodeSigner(random.bytes(32)),
    random,
    features: OUR_FEATURES,
  });
  const [alice, bob] = [identity("alice.os"), identity("bob.os")];
  const startedMs = performance.now();
  for (let done = 0; done < count; done += 1) {
    const initiator = new InitiatorHandshake(alice, {
      target: "bob.os",
      targetKey: bob.signer.publicKey,
      proxyRequest: false,
    });
    const responder = new ResponderHandshake(bob, { findKey: () => alice.signer.publicKey });
    const { third } = initiator.finish(responder.answer(initiator.start()));
    responder.finish(third);
  }
  return (count * 1_000) / (performance.now() - startedMs);
}

/** What both sides of a handshake cannot do without: keys, shared secrets, signatures. */
function bareHandshakes(count: number): number {
  const [seed, secret] = [random.bytes(32), random.bytes(32)];
  const [key, other] = [primitives.ed25519PublicKey(seed), primitives.x25519PublicKey(secret)];
  const startedMs = performance.now();
  for (let done = 0; done < count; done += 1) {
    for (let each = 0; each < 4; each += 1) primitives.x25519PublicKey(random.bytes(32));
    for (let each = 0; each < 6; each += 1) primitives.x25519(random.bytes(32), other);
    for (let each = 0; each < 2; each += 1) {
      primitives.ed25519Verify(key, other, primitives.ed25519Sign(seed, other));
    }
  }
  return (count * 1_000) / (performance.now() - startedMs);
}

export const NET_HANDSHAKE: Scenario = {
  name: "handshakes",
  figures: ["net-handshakes"],
  async run() {
    handshakes(200);
    const { a, b } = await interleave(
      ROUNDS,
      () => handshakes(300),
      () => bareHandshakes(300),
    );
    const baseline = { name: "its ten X25519 and four Ed25519 operations alone", value: b };
    const made = figure("net-handshakes", a, "/s", baseline);
    return [{ ...made, note: "both sides on one thread: a node answers about twice as many" }];
  },
};

// --- small messages -------------------------------------------------------------------------------

export const NET_SMALL: Scenario = {
  name: "messages between nodes",
  figures: ["net-round-trip", "net-round-trip-rust", "net-one-way", "net-in-flight-32"],
  run: () =>
    withPair(async (pair) => {
      const { a } = pair;
      const trip: NetJob = { kind: "acknowledged", target: SINK, count: 2_000, bytes: SMALL_BYTES };
      const flood: NetJob = { kind: "one-way", target: SINK, count: 50_000, bytes: SMALL_BYTES };
      const window: NetJob = {
        kind: "in-flight",
        target: SINK,
        count: 20_000,
        bytes: SMALL_BYTES,
        window: 32,
      };
      for (let round = 0; round < 3; round += 1) {
        await run(a, trip);
        await run(a, flood);
        await run(a, window);
      }
      const trips = await interleave(
        ROUNDS,
        async () => ((await run(a, trip)).millis * 1_000) / trip.count,
        async () => ((await plain(pair, "round-trips", 2_000, SMALL_BYTES)) * 1_000) / 2_000,
      );
      const rust = await interleave(
        ROUNDS,
        async () => {
          const order = { kind: "rust", target: RUST, count: 2_000 } as const;
          return (await a.order<{ nanoseconds: number }>(order)).nanoseconds / 1_000 / 2_000;
        },
        async () => ((await plain(pair, "round-trips", 2_000, SMALL_BYTES)) * 1_000) / 2_000,
      );
      const floods = await interleave(
        ROUNDS,
        async () => (flood.count * 1_000) / (await run(a, flood)).millis,
        async () => (flood.count * 1_000) / (await plain(pair, "stream", flood.count, SMALL_BYTES)),
      );
      const windows = await interleave(
        ROUNDS,
        async () => (window.count * 1_000) / (await run(a, window)).millis,
        async () =>
          (window.count * 1_000) / (await plain(pair, "window", window.count, SMALL_BYTES)),
      );
      const tcp = (value: number, what: string) => ({ name: `plain TCP, ${what}`, value });
      return [
        referred(
          figure("net-round-trip", trips.a, "µs", tcp(trips.b, "echo of 100 bytes"), { max: 188 }),
          "188–216 (best 101)",
        ),
        referred(
          figure("net-round-trip-rust", rust.a, "µs", tcp(rust.b, "echo of 100 bytes"), {
            max: 188,
          }),
          "188–216 (best 101)",
          "both processes in Rust on the public library, as in the reference",
        ),
        referred(
          figure("net-one-way", floods.a, "/s", tcp(floods.b, "the same bytes in large writes"), {
            min: 36_500,
          }),
          "36,500",
        ),
        referred(
          figure("net-in-flight-32", windows.a, "/s", tcp(windows.b, "32 echoes at a time"), {
            min: 15_000,
          }),
          "15,000–18,000",
        ),
      ];
    }),
};

// --- large messages -------------------------------------------------------------------------------

export const NET_LARGE: Scenario = {
  name: "blobs between nodes",
  figures: ["net-stream-64-mib", "net-blob-p50", "net-blob-p99", "net-small-during-stream"],
  run: () =>
    withPair(async (pair) => {
      const { a, b } = pair;
      const stream: NetJob = { kind: "one-way", target: SINK, count: 64, bytes: MIB, asBlob: true };
      const blobs: NetJob = {
        kind: "acknowledged",
        target: SINK,
        count: 400,
        bytes: 256 * 1024,
        asBlob: true,
      };
      await run(a, stream);
      await run(a, stream);
      await run(a, blobs);
      const rates = await interleave(
        ROUNDS,
        async () => (64 * 1_000) / (await run(a, stream)).millis,
        async () => (64 * 1_000) / (await plain(pair, "stream", 64, MIB)),
      );
      const each: number[] = [];
      const bare: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        each.push(...(await run(a, blobs)).each);
        for (let done = 0; done < 20; done += 1)
          bare.push(await plain(pair, "stream", 1, 256 * 1024));
      }
      // Another process of the same node talks to another process there while the stream runs.
      const during: number[] = [];
      for (let round = 0; round < 3; round += 1) {
        const flowing = run(a, { ...stream, count: 192 });
        const rust = { kind: "rust", target: RUST, count: 100 } as const;
        const { nanoseconds } = await a.order<{ nanoseconds: number }>(rust);
        during.push(nanoseconds / 1e6 / 100);
        await flowing;
      }
      void b;
      return [
        referred(
          figure(
            "net-stream-64-mib",
            rates.a,
            "MiB/s",
            {
              name: "plain TCP, the same bytes",
              value: rates.b,
            },
            { min: 260 },
          ),
          "260–275",
          "64 blobs of 1 MiB, one way, then one answer",
        ),
        referred(
          figure(
            "net-blob-p50",
            percentile(each, 50),
            "ms",
            {
              name: "plain TCP, 256 KiB and a byte back",
              value: percentile(bare, 50),
            },
            { max: 1.8 },
          ),
          "1.8",
        ),
        referred(
          figure(
            "net-blob-p99",
            percentile(each, 99),
            "ms",
            {
              name: "plain TCP, 256 KiB and a byte back",
              value: percentile(bare, 99),
            },
            { max: 46 },
          ),
          "46",
        ),
        figure("net-small-during-stream", median(during), "ms", {
          name: "one MiB at the rate of the stream",
          value: 1_000 / rates.a,
        }),
      ];
    }),
};

// --- connections ----------------------------------------------------------------------------------

export const NET_CONNECT: Scenario = {
  name: "connections between nodes",
  figures: ["net-connect", "net-dead-peer"],
  run: () =>
    withPair(async (pair) => {
      const { a, b } = pair;
      await a.order({ kind: "connect", node: "b.os", count: 10 });
      const each = await a.order<number[]>({ kind: "connect", node: "b.os", count: 40 });
      const bare = await a.order<number[]>({
        kind: "plain",
        what: "connect",
        port: b.plainPort,
        count: 40,
        bytes: SMALL_BYTES,
      });
      await b.kill();
      const dead: number[] = [];
      for (let done = 0; done < 20; done += 1) {
        dead.push(await a.order<number>({ kind: "offline", node: "b.os" }));
      }
      const refused: number[] = [];
      for (let done = 0; done < 20; done += 1) {
        const startedMs = performance.now();
        await Bun.connect({
          hostname: "127.0.0.1",
          port: b.self.port,
          socket: { data: () => {} },
        }).catch(() => {});
        refused.push(performance.now() - startedMs);
      }
      return [
        referred(
          figure(
            "net-connect",
            median(each),
            "ms",
            {
              name: "plain TCP, connect and echo",
              value: median(bare),
            },
            { max: 43 },
          ),
          "43",
        ),
        referred(
          figure(
            "net-dead-peer",
            median(dead),
            "ms",
            {
              name: "plain TCP, a refused connection",
              value: median(refused),
            },
            { max: 0.5 },
          ),
          "0.15–0.5",
          "from a request to a killed node to its error",
        ),
      ];
    }),
};

// --- many peers -----------------------------------------------------------------------------------

const CROWD = 1_000;

export const NET_PEERS: Scenario = {
  name: "a thousand peers",
  figures: ["net-round-trip-1000-peers", "net-memory-per-peer", "net-join-1000"],
  run: () =>
    withPair(async (pair) => {
      const { a, b } = pair;
      const trip: NetJob = { kind: "acknowledged", target: SINK, count: 2_000, bytes: SMALL_BYTES };
      const micros = async () => ((await run(a, trip)).millis * 1_000) / trip.count;
      for (let round = 0; round < 8; round += 1) await micros();
      const alone = median([await micros(), await micros(), await micros()]);
      const nodes = Array.from({ length: CROWD }, (_, index) => ({
        name: crowdName(index),
        key: createNodeSigner(crowdSeed(index)).publicKey.toHex(),
        port: 1,
      }));
      await a.order({ kind: "know", nodes });
      const before = await a.order<number>({ kind: "memory" });
      const crowd = { kind: "crowd", node: a.self, count: CROWD } as const;
      const joinedMs = await b.order<number>(crowd);
      // Callers are done a step before those they call.
      const deadlineMs = performance.now() + 5_000;
      while ((await a.order<number>({ kind: "peers" })) < CROWD) {
        if (performance.now() > deadlineMs) throw new Error("Some of a thousand peers are missing");
        await Bun.sleep(20);
      }
      const after = await a.order<number>({ kind: "memory" });
      const among = median([await micros(), await micros(), await micros()]);
      return [
        figure(
          "net-round-trip-1000-peers",
          among,
          "µs",
          {
            name: "the same with one peer",
            value: alone,
          },
          { maxRatio: 1.5 },
        ),
        figure("net-memory-per-peer", (after - before) / CROWD / 1_024, "KiB", {
          name: "two cipher keys and their counters",
          value: (2 * (32 + 12)) / 1_024,
        }),
        figure("net-join-1000", joinedMs, "ms", {
          name: "a thousand handshakes, both sides, on one thread",
          value: (CROWD * 1_000) / handshakes(300),
        }),
      ];
    }),
};

export const NET_FLOOD: Scenario = {
  name: "a flood of handshakes",
  figures: ["net-round-trip-in-flood", "net-strangers"],
  run: () =>
    withPair(async (pair) => {
      const { a, b } = pair;
      await using c = await startChild("c.os");
      const trip: NetJob = { kind: "acknowledged", target: SINK, count: 500, bytes: SMALL_BYTES };
      for (let round = 0; round < 4; round += 1) await run(a, trip);
      const quiet = (await run(a, trip)).each;
      const millis = 4_000;
      const order = { kind: "flood", port: b.self.port, millis } as const;
      const flooding = c.order<number>(order);
      await Bun.sleep(500);
      const during = (await run(a, trip)).each;
      const strangers = await flooding;
      const made = figure(
        "net-round-trip-in-flood",
        median(during),
        "ms",
        { name: "the same without", value: median(quiet) },
        { max: 10 },
      );
      return [
        { ...made, note: "60 strangers at a time begin handshakes with the other node" },
        figure("net-strangers", (strangers * 1_000) / millis, "/s", {
          name: "handshakes, both sides on one thread",
          value: handshakes(200),
        }),
      ];
    }),
};

export const NET: readonly Scenario[] = [
  NET_HANDSHAKE,
  NET_SMALL,
  NET_LARGE,
  NET_CONNECT,
  NET_PEERS,
  NET_FLOOD,
];
