/** Tests of packages: a whole node in this process, on a virtual clock. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { processorMs } from "@kinode-ts/testing/processor-time";
import { runCommandLine } from "../src/commands/command-line.ts";
import type { Output } from "../src/commands/output.ts";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";

const ROOT = join(import.meta.dir, "../../..");
const CHAT = "chat:chat:example.os";
const ECHO = "echo:echo:example.os";

let node: TestNode;
beforeAll(async () => {
  node = await startTestNode({ name: "tests.local" });
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

test("a package folder is built, installed and asked", async () => {
  expect(await node.install(join(ROOT, "examples/echo"))).toBe("echo:example.os");
  const { body } = await node.ask(ECHO, '"hi"');
  expect(body).toBe("hi");
});

test("its pages are reached as a logged-in browser does", async () => {
  await node.install(join(ROOT, "examples/chat"));
  const page = await node.fetch(`/${CHAT}/`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<html");
});

test("what waits for time goes on when the test moves it, and not before", async () => {
  let isOver = false;
  const hour = node.ask("timer:distro:sys", { SetTimer: 3_600_000 }, { timeoutSeconds: 9_999 });
  const over = hour.then(() => (isOver = true));
  await node.advance(3_599_000);
  expect(isOver).toBe(false);
  await node.advance(1_000);
  await node.during(over);
  expect(isOver).toBe(true);
});

test("a request to a process that does not exist is told at once", async () => {
  expect(node.ask("nobody:nothing:example.os", "{}")).rejects.toThrow("did not answer: timeout");
});

test("time is the test's: a day passes at once", async () => {
  const before = node.clock.nowMs();
  const startMs = processorMs();
  await node.advance(86_400_000);
  expect(node.clock.nowMs() - before).toBe(86_400_000);
  expect(processorMs() - startMs).toBeLessThan(10_000);
});

test("a program that computes without an end is named to the test, and the node can be stopped", async () => {
  await using own = await startTestNode({ maxComputeMs: 500 });
  await installScript(
    own,
    "spinner",
    `import { defineProcess, serve } from "@kinode-ts/stdlib";
    export default defineProcess(() => serve((message) => {
      for (let round = 0; message.text() === "spin" || round < 10_000; round++);
      return "done";
    }));`,
  );
  expect((await own.ask("spinner:spinner:example.os", "count")).body).toBe("done");
  await expect(own.ask("spinner:spinner:example.os", "spin")).rejects.toThrow(
    /^spinner:spinner:example\.os computed for [\d.]+ s without an end\./,
  );
  await expect(own.advance(10_000)).rejects.toThrow("without an end");
}, 120_000);

test("kinode test runs the tests of a folder, wherever it lies", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kinode-test-command-"));
  const file = (name: string, text: string): void => {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  const properties = {
    package_name: "tested",
    publisher: "example.os",
    current_version: "1.0.0",
    mirrors: [],
    code_hashes: {},
  };
  file("metadata.json", JSON.stringify({ properties }));
  file("pkg/manifest.json", "[]");
  file(
    "a.test.ts",
    `import { expect, test } from "bun:test";
import { startTestNode } from "kinode/testing";
test("a node runs in the test", async () => {
  await using node = await startTestNode();
  expect(await node.install(import.meta.dir)).toBe("tested:example.os");
});
test("this one fails", () => expect(1).toBe(2));
`,
  );
  const out: string[] = [];
  const output: Output = {
    line: (text) => out.push(text),
    error: (text) => out.push(text),
    isTerminal: false,
    exitCode: 0,
  };
  const code = await runCommandLine(["test", folder], output);
  rmSync(folder, { recursive: true });
  expect(out.join("\n")).toContain("(pass) a node runs in the test");
  expect(out.join("\n")).toContain("(fail) this one fails");
  expect(code).toBe(1);
}, 120_000);
