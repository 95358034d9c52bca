/**
 * Processor time in real WebAssembly on the machine's own clock: what is accounted, who gets how much, who has to wait.
 * @module
 */
import { expect, setDefaultTimeout, test } from "bun:test";
import { startHeartbeat, until, withRealNode } from "./real-node.ts";

// a busy machine may take many times as long as a quiet one
setDefaultTimeout(60_000);

test("processor time is accounted to who uses it", () =>
  withRealNode({}, async (n) => {
    await n.start(["idle"], { guest: "echo" });
    await n.start(["busy"], { guest: "endless-loop" });
    const cpuMs = (name: string): number => n.kernel.process(n.id(name))!.usage!.cpuMs;
    await until(() => cpuMs("busy") > 5, "the first slices");
    const [startMs, usedMs] = [performance.now(), cpuMs("busy")];
    await Bun.sleep(300);
    const elapsedMs = performance.now() - startMs;
    const busyMs = cpuMs("busy") - usedMs;
    expect(busyMs).toBeGreaterThan(0.7 * elapsedMs);
    expect(busyMs).toBeLessThan(1.05 * elapsedMs + 5);
    expect(cpuMs("idle")).toBeLessThan(5);
  }));

test("processor time of two that exchange small messages adds up to what passed", () =>
  withRealNode({}, async (n) => {
    await n.startBystanders();
    await n.roundTrips(20_000);
    const cpuMs = (): number =>
      ["echo", "ping"].reduce((sum, name) => sum + n.kernel.process(n.id(name))!.usage!.cpuMs, 0);
    const [startMs, usedMs] = [performance.now(), cpuMs()];
    for (let i = 0; i < 10; i++) await n.roundTrips(20_000);
    const elapsedMs = performance.now() - startMs;
    expect(cpuMs() - usedMs).toBeGreaterThan(0.4 * elapsedMs);
    expect(cpuMs() - usedMs).toBeLessThan(1.6 * elapsedMs);
  }));

test("a process with four shares gets four times what one with one share gets", () =>
  withRealNode({}, async (n) => {
    await n.start(["one", "four"], { guest: "endless-loop" });
    await n.kernel.setCpuLimit(n.id("four"), { shares: 4, burstMs: 0 });
    await n.kernel.setCpuLimit(n.id("one"), { shares: 1, burstMs: 0 });
    const cpuMs = (name: string): number => n.kernel.process(n.id(name))!.usage!.cpuMs;
    await until(() => cpuMs("one") > 30, "the end of the burst");
    const before = [cpuMs("one"), cpuMs("four")] as const;
    await until(() => cpuMs("one") - before[0] > 150, "150 ms of one share");
    const ratio = (cpuMs("four") - before[1]) / (cpuMs("one") - before[0]);
    expect(ratio).toBeGreaterThan(3.4);
    expect(ratio).toBeLessThan(4.6);
  }));

test("a hundred that start to compute at once do not hold up the node or a conversation", () =>
  withRealNode({}, async (n) => {
    await n.startBystanders();
    // compiled, so that what is measured is starting
    await n.start(["first"], { guest: "endless-loop" });
    const names = Array.from({ length: 100 }, (_, i) => `loop${i}`);
    const heart = startHeartbeat();
    const starting = n.start(names, { guest: "endless-loop" });
    const trips: number[] = [];
    for (let i = 0; i < 20; i++) trips.push(await n.roundTrips(50));
    await starting;
    for (let i = 0; i < 20; i++) trips.push(await n.roundTrips(50));
    heart.stop();
    expect(heart.longestMs).toBeLessThan(250);
    trips.sort((a, b) => a - b);
    expect(trips[trips.length >> 1]!).toBeLessThan(60);
    const killMs: number[] = [];
    for (const name of names) killMs.push(await n.killTime(name));
    killMs.sort((a, b) => a - b);
    expect(killMs[50]!).toBeLessThan(10);
  }));
