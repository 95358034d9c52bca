import { expect, test } from "bun:test";
import { createMemoryStore } from "@kinode-ts/store";
import type { ProcessId } from "@kinode-ts/types";
import { CPU_LIMITS_SPACE, CpuLimits } from "../src/cpu-limits.ts";
import { createTestNode } from "./test-node.ts";

const ID = "a:test:sys" as ProcessId;
const DEFAULT = { shares: 1, burstMs: 200 };

test("a limit holds at once, after a restart, and for the next process of that name", async () => {
  const n = await createTestNode();
  await n.start(["a", "b"], { onExit: { kind: "restart" } });
  expect(n.kernel.process(n.id("a"))!.cpuLimit).toEqual(DEFAULT);
  await n.during(n.kernel.setCpuLimit(n.id("a"), { shares: 4, burstMs: 50 }));
  expect(n.kernel.process(n.id("a"))!.cpuLimit).toEqual({ shares: 4, burstMs: 50 });
  expect(n.kernel.process(n.id("b"))!.cpuLimit).toEqual(DEFAULT);

  await n.during(n.kernel.shutdown());
  const again = await createTestNode({ data: n.data, files: n.files });
  await again.clock.settle();
  expect(again.kernel.process(n.id("a"))!.cpuLimit).toEqual({ shares: 4, burstMs: 50 });
  await again.during(again.kernel.kill(n.id("a")));
  await again.start(["a"]);
  expect(again.kernel.process(n.id("a"))!.cpuLimit).toEqual({ shares: 4, burstMs: 50 });
  await again.during(again.kernel.setCpuLimit(n.id("a"), undefined));
  expect(again.kernel.process(n.id("a"))!.cpuLimit).toEqual(DEFAULT);
});

test("numbers outside their bounds are refused with the bounds, and nothing changes", () => {
  const limits = new CpuLimits();
  for (const [limit, words] of [
    [{ shares: 0, burstMs: 1 }, "shares is a whole number from 1 to 1000, not 0"],
    [{ shares: 1.5, burstMs: 1 }, "not 1.5"],
    [{ shares: 1_001, burstMs: 1 }, "not 1001"],
    [{ shares: 1, burstMs: -1 }, "burstMs is a whole number from 0 to 60000, not -1"],
    [{ shares: 1, burstMs: Number.NaN }, "not NaN"],
  ] as const) {
    expect(() => limits.set(ID, limit)).toThrow(words);
  }
  expect(limits.of(ID)).toEqual(DEFAULT);
});

test("rows that are not understood are left out", async () => {
  const store = createMemoryStore();
  const rows = ["", "null", "{}", '{"shares":"4","burstMs":1}', '{"shares":9999,"burstMs":1}'];
  await store.commit(
    rows.map((value, i) => ({ kind: "put-record", space: CPU_LIMITS_SPACE, key: `${i}`, value })),
  );
  const limits = new CpuLimits();
  limits.load(await store.records(CPU_LIMITS_SPACE));
  for (let i = 0; i < rows.length; i++) expect(limits.of(`${i}` as ProcessId)).toEqual(DEFAULT);
});
