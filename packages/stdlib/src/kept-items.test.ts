import { expect, test } from "bun:test";
import { KeptItems } from "./kept-items.ts";
import * as v from "./index.ts";
import { TestNode, useHost } from "./testing/index.ts";

/** Runs inside a process: there a loop may wait for what comes. */
async function inProcess(act: () => Promise<void>): Promise<void> {
  const node = new TestNode();
  node.start("me:test:sys", (host) => {
    useHost(host);
    host.main(v.defineProcess(act).init);
  });
  await node.settle();
  useHost(undefined);
  expect(node.endings.get("me:test:sys")).toBe("returned");
}

const STARTED = Promise.resolve();

test("a loop gets everything in order, what came before it, during it and while it waited", async () => {
  const seen: unknown[] = [];
  await inProcess(async () => {
    const kept = new KeptItems<number | undefined>();
    kept.push(1, undefined, 3);
    const later = async (): Promise<void> => {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      kept.push(7);
      kept.end();
    };
    for await (const item of kept.read(STARTED, async () => {})) {
      if (item === 1) kept.push(4, 5);
      if (item === 5) kept.push(6);
      if (item === 6) void later();
      seen.push(item, kept.count);
    }
  });
  expect(seen).toEqual([1, 4, undefined, 3, 3, 2, 4, 1, 5, 1, 6, 0, 7, 0]);
});

test("what is kept comes before the error, the first end counts, and every way out stops", async () => {
  const seen: unknown[] = [];
  const stop = async (): Promise<void> => void seen.push("stopped");
  await inProcess(async () => {
    const failed = new KeptItems<string>();
    failed.push("kept");
    failed.end(new Error("too slow"));
    failed.end();
    expect(failed.isOver).toBe(true);
    try {
      for await (const item of failed.read(STARTED, stop)) seen.push(item);
    } catch (thrown) {
      seen.push((thrown as Error).message);
    }
    const left = new KeptItems<string>();
    left.push("first", "second");
    for await (const item of left.read(STARTED, stop)) {
      seen.push(item);
      break;
    }
    const cleared = new KeptItems<string>();
    cleared.push("gone");
    cleared.clear();
    cleared.end();
    for await (const item of cleared.read(STARTED, stop)) seen.push(item);
    const refused = new KeptItems<string>().read(Promise.reject(new Error("refused")), stop);
    await refused.next().catch((thrown: Error) => seen.push(thrown.message));
  });
  const ways = [
    ["kept", "stopped", "too slow"],
    ["first", "stopped"],
    ["stopped"],
    ["stopped", "refused"],
  ];
  expect(seen).toEqual(ways.flat());
});
