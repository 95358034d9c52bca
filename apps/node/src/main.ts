#!/usr/bin/env -S BUN_JSC_useWasmFastMemory=0 bun
/**
 * The program `kinode`.
 * @module
 */
import { runCommandLine } from "./commands/command-line.ts";

const args = process.argv.slice(2);
if (args[0] !== "start") {
  // The reader, such as "head", has seen enough.
  process.stdout.on("error", (fault: NodeJS.ErrnoException) => {
    if (fault.code !== "EPIPE") throw fault;
    process.exit(0);
  });
}
const code = await runCommandLine(args);
// A node that could not start may have opened files and ports already, which would keep the program alive.
if (code !== 0 && ["start", "boot-fake-node", "f"].includes(args[0] ?? "")) process.exit(code);
process.exitCode = code;
