import { expect, test } from "bun:test";
import type { KernelMessage, ProcessId, RuntimeModule } from "@kinode-ts/types";
import { ModuleQueue } from "./module-queue.ts";

const message = { id: 1 } as KernelMessage;

function createModule(parts: Partial<RuntimeModule>): RuntimeModule {
  return { id: "m:distro:sys" as ProcessId, handle: () => {}, ...parts };
}

test("a module that sends to itself while it handles a message is not entered again from inside", () => {
  const queue = new ModuleQueue(() => {});
  const trace: string[] = [];
  let left = 3;
  const module = createModule({
    handle: () => {
      trace.push("in");
      if (left-- > 0) queue.deliver(module, message, false);
      trace.push("out");
    },
  });
  queue.deliver(module, message, false);
  expect(trace).toEqual(["in", "out", "in", "out", "in", "out", "in", "out"]);
});

test("what a module's own call brings about reaches it after that call has returned, in order", async () => {
  const queue = new ModuleQueue(() => {});
  const trace: string[] = [];
  const module = createModule({
    handle: () => void trace.push("handle"),
    sendError: (_message, kind) => void trace.push(kind),
  });
  queue.fail(module, message, "timeout");
  queue.deliver(module, message, true);
  trace.push("returned");
  await Promise.resolve();
  expect(trace).toEqual(["returned", "timeout", "handle"]);
});

test("a module that throws loses that one message, with a line", () => {
  const lines: string[] = [];
  const queue = new ModuleQueue((text) => lines.push(text));
  let count = 0;
  const module = createModule({
    handle: () => {
      if (count++ === 0) throw new Error("broken");
    },
  });
  queue.deliver(module, message, false);
  queue.deliver(module, message, false);
  expect(lines).toEqual(["m:distro:sys failed on a message: broken"]);
  expect(count).toBe(2);
});
