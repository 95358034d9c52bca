import { expect, test } from "bun:test";
import { DEFAULT_HTTP_LIMITS, limitsForMemory } from "./limits.ts";

const GIB = 2 ** 30;

test("messages that web sockets have begun fit into half of the machine, whatever it has", () => {
  for (const machineBytes of [GIB / 2, 2 * GIB, 5 * GIB + 7, 24 * GIB]) {
    const { maxSocketMessageBytes } = limitsForMemory(machineBytes);
    const all = maxSocketMessageBytes * DEFAULT_HTTP_LIMITS.maxSocketCount;
    expect(all).toBeLessThanOrEqual(machineBytes / 2);
  }
  expect(limitsForMemory(2 * GIB).maxSocketMessageBytes).toBe(8 * 1024 * 1024);
  expect(limitsForMemory(16 * GIB).maxSocketMessageBytes).toBe(64 * 1024 * 1024);
  expect(limitsForMemory(24 * GIB).maxSocketMessageBytes).toBe(64 * 1024 * 1024);
});
