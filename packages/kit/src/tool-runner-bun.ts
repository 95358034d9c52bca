/**
 * Runs the programs of a toolchain as child processes.
 * @module
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorText } from "@kinode-ts/types";
import { PackageError } from "./errors.ts";
import type { ToolRunner } from "./languages/contract.ts";

/** Of a failed program's output; compilers can print without end. */
const MAX_OUTPUT_CHARS = 20_000;

function failure(command: readonly string[], cwd: string, reason: string): PackageError {
  const text = reason.length > MAX_OUTPUT_CHARS ? `…${reason.slice(-MAX_OUTPUT_CHARS)}` : reason;
  return new PackageError(
    { code: "kit.build-failed", entry: cwd, reason: text },
    `"${command.join(" ")}" failed in ${cwd}:\n${text.trimEnd()}`,
  );
}

async function run(
  command: readonly string[],
  options: Parameters<ToolRunner["run"]>[1],
): Promise<string> {
  const scratch = mkdtempSync(join(tmpdir(), "kinode-tool-"));
  const file = join(scratch, "output");
  // One file for both streams keeps what was printed in its order, which two pipes do not.
  const output = openSync(file, "a");
  try {
    const child = Bun.spawn([...command], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", output, output],
    });
    const code = await child.exited;
    const text = readFileSync(file, "utf8");
    if (code === 0) return text;
    const how = child.signalCode === null ? `exit code ${code}` : `ended by ${child.signalCode}`;
    throw failure(command, options.cwd, text.trim() === "" ? how : text);
  } catch (thrown) {
    if (thrown instanceof PackageError) throw thrown;
    throw failure(command, options.cwd, errorText(thrown));
  } finally {
    closeSync(output);
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Child processes with the environment of this one. */
export function createToolRunner(): ToolRunner {
  return {
    run, // Bun.which alone looks at the PATH this process was started with.
    find: (program) => Bun.which(program, { PATH: process.env["PATH"] ?? "" }) ?? undefined,
  };
}
