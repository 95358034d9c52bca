/**
 * Round trip of two small components linked directly, without a kernel: the floor under every message.
 * Run: `bun packages/component/src/direct-link.bench.ts [round trips]`
 * @module
 */
import { createSeededRandom } from "@kinode-ts/testing";
import { DirectLink } from "@kinode-ts/testing/direct-link";
import { guestBytes } from "@kinode-ts/testing/guests";
import type { Address, Clock, ProcessId } from "@kinode-ts/types";
import { loadComponent } from "./load-component.ts";

const clock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, fire) {
    const timer = setTimeout(fire, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
  afterTurn: (turn) => void setImmediate(turn),
};

const LIMITS = { maxMemoryBytes: 64 << 20, fuelPerCheck: 100_000 };
const address = (name: string): Address => ({
  node: "our",
  process: `${name}:test:sys` as ProcessId,
});

/** Starts an echo and a ping and returns how to make them exchange messages; microseconds per round trip. */
async function createPair(): Promise<(roundTrips: number) => Promise<number>> {
  const powers = { clock, random: createSeededRandom(1) };
  const link = new DirectLink();
  const start = async (name: string) => {
    const program = await loadComponent(guestBytes(name), powers);
    const host = link.createHost(address(name));
    const process = program.start(host, LIMITS);
    void process.ended.then((ending) => console.log(name, "ended", ending));
    return { host, process };
  };
  const echo = await start("echo");
  const ping = await start("ping");
  const run = async (roundTrips: number) => {
    const body = new Uint8Array(4);
    new DataView(body.buffer).setUint32(0, roundTrips, true);
    const startedMs = performance.now();
    await new Promise<void>((resolve) => {
      ping.host.onResponse = () => resolve();
      ping.host.request(address("bench"), body);
    });
    return ((performance.now() - startedMs) * 1_000) / roundTrips;
  };
  console.log("cpu so far", echo.process.usage(), ping.process.usage());
  return async (n) => {
    const us = await run(n);
    console.log(
      "usage",
      echo.process.usage().cpuMs.toFixed(1),
      ping.process.usage().cpuMs.toFixed(1),
    );
    return us;
  };
}

const roundTrips = Number(Bun.argv[2] ?? 200_000);
const run = await createPair();
for (let i = 0; i < 6; i++) console.log(`${(await run(roundTrips)).toFixed(3)} µs per round trip`);
process.exit(0);
