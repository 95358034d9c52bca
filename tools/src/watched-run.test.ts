import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { runWatched, type WatchedRun } from "./watched-run.ts";

const PATIENT: WatchedRun = { cwd: import.meta.dir, env: process.env, maxSilenceMs: 60_000 };
const run = (code: string, given: Partial<WatchedRun> = {}) =>
  runWatched([process.execPath, "--no-orphans", "-e", code], { ...PATIENT, ...given });

test("what a program prints and its exit code are told", async () => {
  const { output, ...rest } = await run(
    'console.log("out"); console.error("err"); process.exit(3);',
  );
  expect(rest).toEqual({ exitCode: 3, hung: false });
  expect(output.split("\n").sort()).toEqual(["", "err", "out"]);
});

test("a program that goes silent is ended, with what it printed before and what it started", async () => {
  const started = "await Bun.sleep(600_000)";
  const code = `
    const child = Bun.spawn([process.execPath, "-e", ${JSON.stringify(started)}], { stdout: "inherit" });
    console.log(child.pid);
    for (;;);`;
  const { output, hung } = await run(code, { maxSilenceMs: 3_000 });
  expect(hung).toBe(true);
  const pid = Number(output);
  expect(pid).toBeGreaterThan(0);
  // Where nobody collects the dead, they are still listed.
  const isGone = (): boolean => {
    const stat = `/proc/${pid}/stat`;
    if (existsSync("/proc/self/stat"))
      return !existsSync(stat) || readFileSync(stat, "latin1").includes(") Z");
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  };
  for (const deadline = performance.now() + 20_000; !isGone(); await Bun.sleep(10)) {
    if (performance.now() > deadline) throw new Error("What it started is still there");
  }
});

test("a program that prints now and then may take as long as it wants", async () => {
  const code = 'for (let i = 0; i < 8; i++) { await Bun.sleep(500); console.log("."); }';
  const { hung, exitCode } = await run(code, { maxSilenceMs: 3_500 });
  expect([hung, exitCode]).toEqual([false, 0]);
});
