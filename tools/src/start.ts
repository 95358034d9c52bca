/**
 * `bun start`: installs what is missing, then runs the node with the given flags.
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { installMissing } from "./install-missing.ts";

const ROOT = join(import.meta.dir, "../..");

try {
  installMissing();
} catch (error) {
  process.stderr.write(
    `${(error as Error).message}\nInstalling failed; the lines above say why. Then run "bun start" again.\n`,
  );
  process.exit(1);
}

// The package script runs in the repository, the person's paths are meant from where they stand.
const from = process.env["INIT_CWD"];
if (from !== undefined && existsSync(from)) process.chdir(from);

// Loaded only now: before the installation its imports do not exist.
const program: { runCommandLine(args: readonly string[]): Promise<number> } = await import(
  join(ROOT, "apps/node/src/commands/command-line.ts")
);
const code = await program.runCommandLine(["start", ...process.argv.slice(2)]);
// A node that could not start may have opened files already, which would keep the program alive.
if (code !== 0) process.exit(code);
