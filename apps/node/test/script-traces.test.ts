/** What the person reads when a script fails: places in its TypeScript, through the whole node. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const SOURCE = `import { defineProcess, serve } from "@kinode-ts/stdlib";

type Order = { readonly kind: "print" | "timer" | "end"; readonly ms?: number };

function giveUp(order: Order): never {
  throw new RangeError(\`cannot \${order.kind}\`);
}

export default defineProcess(async () => {
  await new Promise<void>((end, fail) => {
    void serve((request) => {
      const order = request.json() as Order;
      if (order.kind === "timer") setTimeout(() => giveUp(order), order.ms);
      else if (order.kind === "end") queueMicrotask(() => {
        try { giveUp(order); } catch (thrown) { fail(thrown); }
      });
      else {
        try { giveUp(order); } catch (thrown) { console.error("caught", thrown); }
      }
      return "done";
    });
  });
});
`;

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode();
  const timer = ["timer:distro:sys"];
  await installScript(node, "failer", SOURCE, { request: timer, grant: timer, onExit: "None" });
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

async function shown(order: object, wait: number, text: string): Promise<string> {
  await node.ask("failer:failer:example.os", JSON.stringify(order));
  await node.advance(wait);
  const deadlineMs = performance.now() + 60_000;
  while (performance.now() < deadlineMs) {
    const line = node.lines.find((each) => each.includes(text));
    if (line !== undefined) return line;
    await new Promise((done) => setImmediate(done));
  }
  throw new Error(`Nothing with ${text} was shown, but:\n${node.lines.join("\n")}`);
}

test("a trace that is printed names places in the sources", async () => {
  const line = await shown({ kind: "print" }, 0, "cannot print");
  expect(line).toMatch(
    /caught RangeError: cannot print\n[^\n]*\| +at giveUp \(src\/failer\.ts:6:\d+\)/,
  );
  expect(line).toMatch(/\(src\/failer\.ts:18:\d+\)/);
});

test("so does one out of a timer, which fires when its time has come", async () => {
  const line = await shown({ kind: "timer", ms: 5_000 }, 5_000, "cannot timer");
  expect(line).toMatch(
    /Uncaught RangeError: cannot timer\n[^\n]*\| +at giveUp \(src\/failer\.ts:6:\d+\)/,
  );
  expect(line).toMatch(/\(src\/failer\.ts:13:\d+\)/);
});

test("so does the one a process ends with", async () => {
  const line = await shown({ kind: "end" }, 0, "cannot end");
  expect(line).toContain("failer:failer:example.os ended");
  expect(line).toMatch(/RangeError: cannot end\n[^\n]*\| +at giveUp \(src\/failer\.ts:6:\d+\)/);
});
