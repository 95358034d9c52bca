import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDiskFolder } from "./disk-bun.ts";

const root = mkdtempSync(join(tmpdir(), "kinode-disk-"));
afterAll(() => rmSync(root, { recursive: true }));

test("the trace of what may not be looked at is that of nothing, as watchers call it from nowhere", async () => {
  mkdirSync(join(root, "outside"));
  writeFileSync(join(root, "outside/file"), "x");
  mkdirSync(join(root, "vfs/p:x.os/d"), { recursive: true });
  writeFileSync(join(root, "vfs/p:x.os/d/file"), "x");
  symlinkSync(join(root, "outside"), join(root, "vfs/p:x.os/d/link"));
  const disk = openDiskFolder(join(root, "vfs"));
  expect(await disk.trace!("p:x.os/d/file")).toBeString();
  expect(await disk.trace!("p:x.os/d/link/file")).toBeUndefined();
  expect(await disk.trace!("p:x.os/d/file/below")).toBeUndefined();
  expect(await disk.trace!("p:x.os/d/nothing")).toBeUndefined();
});
