/**
 * Installs the workspace's dependencies when they are not there. Imports nothing that would have to be installed.
 * @module
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");
/** Which lockfile was installed, wholly. */
const MARK = ".installed";
/** The program that is installing at the moment, by its process number. */
const CLAIM = ".installing";
/** How often a program that waits for another one looks. */
const LOOK_MS = 100;

export interface InstallOptions {
  /** Where to say that it takes a while. */
  readonly say?: (text: string) => void;
  /** Installs; `undefined`: it worked. For tests. */
  readonly install?: (root: string) => string | undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there and somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Whether this program is now the one that installs. One that ended in the middle has no claim any more. */
function claim(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const holder = readText(path) ?? "";
  // Empty: it was made this very moment.
  if (holder !== "" && !isAlive(Number(holder))) rmSync(path, { force: true });
  return false;
}

function runInstall(root: string): string | undefined {
  const { exitCode, stderr } = Bun.spawnSync([process.execPath, "install", "--frozen-lockfile"], {
    cwd: root,
    stdout: "ignore",
    stderr: "pipe",
  });
  return exitCode === 0 ? undefined : `bun install ended with ${exitCode}:\n${stderr.toString()}`;
}

/**
 * Runs `bun install` unless what the lockfile names was installed by this before, wholly; then it costs two files to read. Of
 * programs that start together one installs, the others wait for it.
 * @throws {Error} the installation failed: with its output
 */
export function installMissing(root: string = ROOT, options: InstallOptions = {}): void {
  const { say = console.log, install = runInstall } = options;
  const modules = join(root, "node_modules");
  const lockfile = String(Bun.hash(readFileSync(join(root, "bun.lock"))));
  const isInstalled = (): boolean => readText(join(modules, MARK)) === lockfile;
  if (isInstalled()) return;
  mkdirSync(modules, { recursive: true });
  const ours = join(modules, CLAIM);
  for (let isTold = false; !claim(ours); isTold = true) {
    if (!isTold) say("Waiting for another program that installs what is needed …");
    Bun.sleepSync(LOOK_MS);
  }
  try {
    // Another one may have done it meanwhile.
    if (isInstalled()) return;
    say("Installing what is needed, once …");
    const fault = install(root);
    if (fault !== undefined) throw new Error(fault);
    writeFileSync(join(modules, MARK), lockfile);
  } finally {
    rmSync(ours, { force: true });
  }
}
