/** Source: spec/network-identity.md W13. */
import { expect, test } from "bun:test";
import { createVirtualClock } from "@kinode-ts/testing";
import { hostOf, VisitorGate } from "./visitor-gate.ts";

const from = (remote: string, protocol: "tcp" | "ws" = "tcp") => ({ protocol, remote });

test("visitors in their handshake are bounded, in all and from one address", () => {
  const gate = new VisitorGate(createVirtualClock(), { maxVisitors: 5, maxVisitorsPerHost: 2 });
  const leave = gate.enter(from("1.1.1.1:1"))!;
  expect(gate.enter(from("1.1.1.1:2"))).toBeDefined();
  expect(gate.enter(from("1.1.1.1:3"))).toBeUndefined();
  for (const host of ["2.2.2.2", "3.3.3.3", "4.4.4.4"]) {
    expect(gate.enter(from(`${host}:1`))).toBeDefined();
  }
  expect(gate.enter(from("5.5.5.5:1"))).toBeUndefined();
  leave();
  expect(gate.count).toBe(4);
  expect(gate.enter(from("1.1.1.1:4"))).toBeDefined();
});

test("an address is the host, of IPv6 the first half", () => {
  expect(hostOf(from("1.2.3.4:5"))).toBe("1.2.3.4");
  expect(hostOf(from("1.2.3.4", "ws"))).toBe("1.2.3.4");
  expect(hostOf(from("2001:db8:1:2:3:4:5:6:10000"))).toBe("2001:db8:1:2");
  expect(hostOf(from("2001:db8:1:2:9:9:9:9", "ws"))).toBe("2001:db8:1:2");
});

test("steps of handshakes are done one at a time, and all of them", async () => {
  const clock = createVirtualClock({ costPerReadMs: 1 });
  const gate = new VisitorGate(clock);
  let [under, most, done] = [0, 0, 0];
  const step = async (): Promise<void> => {
    await gate.turn();
    under += 1;
    most = Math.max(most, under);
    // What a step takes: the microtasks right behind it.
    await Promise.resolve();
    under -= 1;
    done += 1;
  };
  for (let count = 0; count < 20; count += 1) void step();
  await clock.settle();
  expect(done).toBe(1);
  await clock.advance(1_000);
  expect([done, most]).toEqual([20, 1]);
  void step();
  await clock.settle();
  expect(done).toBe(21);
});
