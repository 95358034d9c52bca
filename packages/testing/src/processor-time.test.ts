import { expect, test } from "bun:test";
import { mainThreadMs, processorMs, processorMsOf } from "./processor-time-bun.ts";

function spin(ms: number): void {
  for (const startedMs = processorMs(); processorMs() - startedMs < ms;);
}

test("waiting takes no processor time to speak of, computing does", async () => {
  expect(await processorMsOf(() => Bun.sleep(200))).toBeLessThan(150);
  expect(await processorMsOf(() => spin(50))).toBeGreaterThanOrEqual(50);
});

test("the thread's own time grows while it computes", () => {
  const startedMs = mainThreadMs();
  spin(100);
  // Other threads of the program may have taken a part of it.
  expect(mainThreadMs() - startedMs).toBeGreaterThan(20);
});
