import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createVirtualClock } from "@kinode-ts/testing";
import { openHistory } from "./history-file-bun.ts";
import { LogFiles } from "./log-file-bun.ts";
import { isFileFull } from "./log-rotation.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "logs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const all = () =>
  readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("");

test("[M124] log files take every line, rotate at total / count, and at most count remain", async () => {
  const clock = createVirtualClock();
  const limits = { maxTotalBytes: 2_000, fileCount: 4 };
  using log = new LogFiles({ folder, limits, clock, enabled: true });
  for (let i = 0; i < 60; i += 1) {
    log.write(`line ${i} ${"x".repeat(40)}`);
    log.flush();
    await clock.advance(1_000);
  }
  const names = readdirSync(folder);
  expect(names.length).toBe(4);
  for (const name of names) {
    expect(name).toMatch(/^\d{4}-\d\d-\d\d-\d\d[:_]\d\d[:_]\d\d\.log$/);
    expect(statSync(join(folder, name)).size).toBeLessThan(500);
  }
  expect(all()).toContain("line 59");
  expect(all()).not.toContain("line 0 ");
  expect(all().split("\n")[0]).toMatch(
    /^\[\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\] line \d+ x+$/,
  );
});

test("a file ends before a line would reach its share; a longer line has a file of its own; 0 is no limit", () => {
  const limits = { maxTotalBytes: 2_000, fileCount: 4 };
  expect(isFileFull(limits, 400, 99)).toBe(false);
  expect(isFileFull(limits, 400, 100)).toBe(true);
  expect(isFileFull(limits, 0, 5_000)).toBe(false);
  expect(isFileFull({ ...limits, maxTotalBytes: 0 }, 1e9, 1)).toBe(false);
});

test("a line is on disk at most a second after it was written", async () => {
  const clock = createVirtualClock();
  using log = new LogFiles({
    folder,
    limits: { maxTotalBytes: 0, fileCount: 1 },
    clock,
    enabled: true,
  });
  log.write("one");
  await clock.advance(1_000);
  expect(all()).toContain("one");
});

test("logging can be switched off and on", () => {
  const clock = createVirtualClock();
  using log = new LogFiles({
    folder,
    limits: { maxTotalBytes: 0, fileCount: 1 },
    clock,
    enabled: true,
  });
  log.write("kept");
  expect(log.toggle()).toBe(false);
  log.write("not kept");
  expect(log.toggle()).toBe(true);
  log.flush();
  expect(all()).toContain("] kept");
  expect(all()).not.toContain("not kept");
});

test("[M125] history survives a restart and is cut to 1000 lines when opened", () => {
  const path = join(folder, ".terminal_history");
  writeFileSync(path, Array.from({ length: 1_200 }, (_, i) => `old ${i}\n`).join(""));
  openHistory(path).add("new");
  const again = openHistory(path);
  expect([again.at(0), again.at(1), again.count]).toEqual(["new", "old 1199", 1_000]);
  expect(readFileSync(path, "utf8").split("\n").length).toBeLessThanOrEqual(1_001);
});
