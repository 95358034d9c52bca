/**
 * `kinode test`: runs the tests of a package folder with `bun test`. They import `startTestNode` from "kinode/testing".
 * @module
 */
import { resolve } from "node:path";
import { openPackageFolder } from "@kinode-ts/kit";
import type { Output } from "./output.ts";
import { printLines } from "./print-lines.ts";

const PRELOAD = new URL("../../testing/preload.ts", import.meta.url).pathname;

/** Where tests start nodes, the five seconds of `bun test` are over early on a busy machine. */
const TIMEOUT_MS = 30_000;

/** @param args - handed on to `bun test`, e.g. a file name or `-t <name>` */
export async function testCommand(
  path: string,
  args: readonly string[],
  output: Output,
): Promise<void> {
  const { folder } = openPackageFolder(resolve(path));
  const timeout = args.some((arg) => arg.startsWith("--timeout"))
    ? []
    : [`--timeout=${TIMEOUT_MS}`];
  const child = Bun.spawn([process.execPath, "test", "--preload", PRELOAD, ...timeout, ...args], {
    cwd: folder,
    // Starting processes is slow without it: docs/decisions/0002.
    env: { ...process.env, BUN_JSC_useWasmFastMemory: "0" },
    stdio: ["inherit", "pipe", "pipe"],
  });
  await Promise.all([
    printLines(child.stdout, (line) => output.line(line)),
    printLines(child.stderr, (line) => output.error(line)),
  ]);
  output.exitCode = await child.exited;
}
