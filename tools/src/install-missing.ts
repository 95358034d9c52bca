/**
 * Installs the workspace's dependencies when they are not there. Imports nothing that would have to be installed.
 * @module
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

/**
 * Runs `bun install` when `node_modules` is absent or older than the lockfile; otherwise costs two file looks.
 * @throws {Error} the installation failed: with its output
 */
export function installMissing(root: string = ROOT): void {
  const installed = join(root, "node_modules");
  const lockfile = join(root, "bun.lock");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return;
  console.log("Installing dependencies …");
  const result = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: root,
    stdout: "ignore",
    stderr: "pipe",
  });
  if (result.exitCode !== 0) {
    throw new Error(
      `bun install failed (exit code ${result.exitCode}):\n${result.stderr.toString()}`,
    );
  }
  // An install that changes nothing leaves the time as it was, and the next start would install again.
  Bun.spawnSync(["touch", installed]);
}
