/** Logging of a sandboxed script to the real VFS and terminal: size, ends of all kinds, a full disk, another process. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startTestNode, type TestNode } from "../testing/index.ts";
import { installScript, removeScripts } from "./script-package.ts";
import { typeLine } from "./type-line.ts";

const SOURCE = `
import { defineProcess, our, serve, stopServing } from "@kinode-ts/stdlib";
import { initLogging, log } from "@kinode-ts/stdlib/logging";

const collected: string[] = [];
let fail = false;

const commands: Record<string, (argument: any) => unknown> = {
  init: (options) => initLogging(options),
  async many({ count, flush }) {
    for (let i = 0; i < count; i++) {
      log.info("line " + i, { i });
      if (flush) await log.flush();
    }
    await log.flush();
  },
  unflushed(count) {
    for (let i = 0; i < count; i++) log.info("line " + i);
  },
  fail() {
    log.error("why it ended", new Error("reason"));
    fail = true;
    stopServing();
  },
  end() {
    log.info("goodbye");
    stopServing();
  },
  collected: () => collected.splice(0),
};

export default defineProcess(async () => {
  await serve(async (message) => {
    const body = message.json() as { Log?: number[]; command: string; argument?: unknown };
    if (body.Log !== undefined) {
      collected.push(new TextDecoder().decode(Uint8Array.from(body.Log)));
      return;
    }
    return { ok: (await commands[body.command]!(body.argument)) ?? null };
  });
  if (fail) throw new Error("failed at the end");
});
`;

let node: TestNode;
const NAMES = ["capped", "killed", "failing", "ending", "filled", "telling", "collector"] as const;
beforeAll(async () => {
  node = await startTestNode();
  const vfs = ["vfs:distro:sys", "timer:distro:sys"];
  for (const name of NAMES) {
    const request = name === "telling" ? [...vfs, "collector:collector:example.os"] : vfs;
    const grant = name === "collector" ? [...vfs, "telling:telling:example.os"] : vfs;
    await installScript(node, name, SOURCE, { request, grant, onExit: "None" });
  }
}, 120_000);
afterAll(async () => {
  await node.stop();
  removeScripts();
});

async function run(name: string, command: string, argument?: unknown): Promise<unknown> {
  const body = JSON.stringify({ command, argument });
  const { body: answer } = await node.ask(`${name}:${name}:example.os`, body, {
    timeoutSeconds: 60,
  });
  return (answer as { ok: unknown }).ok;
}

async function linesOf(name: string): Promise<{ fields: { message: string } }[]> {
  const { output } = await typeLine(node, `cat /${name}:example.os/log/${name}.log`);
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { fields: { message: string } });
}

const messagesOf = async (name: string): Promise<string[]> =>
  (await linesOf(name)).map(({ fields }) => fields.message);

async function until(done: () => Promise<boolean>, what: string): Promise<void> {
  for (const deadline = performance.now() + 60_000; !(await done()); await Bun.sleep(10)) {
    if (performance.now() > deadline) throw new Error(`never: ${what}`);
    await node.advance(10);
  }
}

test("[P25] 25.10 the file keeps the newer lines and stays within its size", async () => {
  await run("capped", "init", { terminal: "off", maxSize: 4_096 });
  await run("capped", "many", { count: 120, flush: true });
  const kept = await messagesOf("capped");
  expect(kept.length).toBeGreaterThan(15);
  expect(kept).toEqual(kept.map((_, i) => `line ${120 - kept.length + i}`));
  const { output } = await typeLine(node, "cat /capped:example.os/log/capped.log | wc -c");
  expect(Number(output.trim())).toBeLessThanOrEqual(4_096);
});

test("what was logged right before the end is there, also when the process fails", async () => {
  await run("ending", "init", { terminal: "off" });
  await run("ending", "end");
  await until(async () => (await messagesOf("ending")).includes("goodbye"), "the last line");
  await run("failing", "init", { terminal: "error" });
  await run("failing", "fail");
  await until(async () => (await messagesOf("failing")).includes("why it ended"), "the last line");
  expect(node.lines.join("\n")).toContain("ERROR why it ended");
});

test("a process that is killed leaves its lines in order, without a hole", async () => {
  await run("killed", "init", { terminal: "off" });
  await run("killed", "unflushed", 2_000);
  await typeLine(node, "kill killed:killed:example.os");
  const kept = await messagesOf("killed");
  expect(kept).toEqual(kept.map((_, i) => `line ${i}`));
});

test("a full disk is told once, and the process goes on", async () => {
  await run("filled", "init", { terminal: "off" });
  await run("filled", "many", { count: 1 });
  await node.limitDisk("filled:example.os", 1);
  const before = node.lines.length;
  for (let i = 0; i < 3; i++) await run("filled", "many", { count: 3 });
  const told = node.lines.slice(before).filter((line) => line.includes("log file"));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain("The log file cannot be written");
  await node.limitDisk("filled:example.os", undefined);
  await run("filled", "many", { count: 2 });
  expect((await messagesOf("filled")).at(-1)).toBe("line 1");
});

test("[P25] 25.10 another process is told lines of its level, as bytes", async () => {
  const remote = { target: "our@collector:collector:example.os", level: "info" };
  await run("telling", "init", { file: "off", terminal: "off", remote });
  await run("telling", "many", { count: 5 });
  const lines = (await run("collector", "collected")) as string[];
  expect(lines.map((line) => (JSON.parse(line) as { target: string }).target)).toEqual(
    new Array<string>(5).fill("telling"),
  );
  expect(lines[4]).toContain('"line 4"');
});
