import { expect, test } from "bun:test";
import type { ProcessId } from "@kinode-ts/types";
import { RestartBackoff } from "./restart-backoff.ts";

const A = "a:test:sys" as ProcessId;

test("an instant crasher waits twice as long each time, ten minutes at most", () => {
  const backoff = new RestartBackoff();
  const delays = Array.from({ length: 12 }, () => backoff.delayMs(A, 0) / 1_000);
  expect(delays).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
});

test("a crash just after each delay keeps growing it; a healthy run starts anew", () => {
  const backoff = new RestartBackoff();
  let uptimeMs = 0;
  for (let crash = 0; crash < 6; crash++) uptimeMs = backoff.delayMs(A, uptimeMs) + 1_000;
  expect(uptimeMs).toBe(65_000);
  expect(backoff.delayMs(A, 5 * 64_000)).toBe(0);
  expect(backoff.delayMs(A, 0)).toBe(2_000);
  expect(backoff.delayMs(A, 50 * 60_000)).toBe(0);
});
