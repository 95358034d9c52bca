/**
 * Runs a command as it is typed, in this process, and collects what it prints.
 * @module
 */
import { runCommandLine } from "../src/commands/command-line.ts";
import type { Output } from "../src/commands/output.ts";

export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function kinode(...args: string[]): Promise<CommandResult> {
  const out: string[] = [];
  const err: string[] = [];
  const output: Output = {
    line: (text) => out.push(text),
    error: (text) => err.push(text),
    isTerminal: false,
    exitCode: 0,
  };
  const code = await runCommandLine(args, output);
  return { code, out: out.join("\n"), err: err.join("\n") };
}
