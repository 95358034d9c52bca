import { expect, test } from "bun:test";
import { fuzzLogs } from "../test/fuzz/run.ts";

test("damaged logs are read or ignored, and what is read is consistent", () => {
  const { believed } = fuzzLogs(5_000, 7);
  expect(believed).toBeGreaterThan(1_000);
  expect(believed).toBeLessThan(4_000);
});
