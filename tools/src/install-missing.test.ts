/** Installing before the first start, also by several programs at once. */
import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installMissing } from "./install-missing.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function repository(): string {
  const folder = mkdtempSync(join(tmpdir(), "install-missing-"));
  folders.push(folder);
  writeFileSync(join(folder, "bun.lock"), "one");
  return folder;
}

const silent = (): void => {};

test("it installs once, and again when the lockfile is another one", () => {
  const root = repository();
  let count = 0;
  const install = (): undefined => void count++;
  for (let round = 0; round < 3; round++) installMissing(root, { say: silent, install });
  expect(count).toBe(1);
  writeFileSync(join(root, "bun.lock"), "two");
  installMissing(root, { say: silent, install });
  expect(count).toBe(2);
});

test("an installation that fails, or ends in the middle, counts for nothing", () => {
  const root = repository();
  const failing = (): string => "no network";
  expect(() => installMissing(root, { say: silent, install: failing })).toThrow("no network");
  // Nobody has this number: the largest that Linux gives is 4,194,304.
  writeFileSync(join(root, "node_modules/.installing"), "99999999");
  let count = 0;
  installMissing(root, { say: silent, install: () => void count++ });
  expect(count).toBe(1);
  expect(existsSync(join(root, "node_modules/.installing"))).toBe(false);
});

test("of programs that start together one installs, the others wait until it is done", async () => {
  const root = repository();
  const log = join(root, "log");
  const program = `
    import { appendFileSync } from "node:fs";
    import { installMissing } from ${JSON.stringify(join(import.meta.dir, "install-missing.ts"))};
    const note = (text) => appendFileSync(${JSON.stringify(log)}, text + "\\n");
    installMissing(${JSON.stringify(root)}, {
      say: () => {},
      install: () => { note("begin"); Bun.sleepSync(300); note("end"); },
    });
    note("go on");
  `;
  const children = Array.from({ length: 4 }, () =>
    Bun.spawn([process.execPath, "-e", program], { stdout: "inherit", stderr: "inherit" }),
  );
  const codes = await Promise.all(children.map(async (child) => await child.exited));
  expect(codes).toEqual([0, 0, 0, 0]);
  const seen = readFileSync(log, "utf8").trim().split("\n");
  expect(seen).toEqual(["begin", "end", "go on", "go on", "go on", "go on"]);
});
