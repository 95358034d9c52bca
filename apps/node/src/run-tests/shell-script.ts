/**
 * Commands of `setup_scripts` and `test_scripts`: as a person types them, in the folder of `tests.toml`.
 * Source: spec/packages-and-tools.md §20.2.
 * @module
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { printLines } from "../commands/print-lines.ts";
import { endProgram } from "./end-program.ts";

/** How long a command may take to end after it was told to, in milliseconds. */
const END_MS = 5_000;

export interface RunningScript {
  readonly exited: Promise<number>;
  /** Ends it and what it has started. */
  stop(): Promise<void>;
}

/** The existing kit finds files beside `tests.toml` by their names alone, without `./`. */
function withFolder(command: string, folder: string): string {
  const [name = ""] = command.trim().split(/\s/, 1);
  const path = join(folder, name);
  const isFile = name !== "" && existsSync(path) && statSync(path).isFile();
  return isFile && !name.includes("/") ? `./${command.trim()}` : command;
}

export function startScript(
  command: string,
  folder: string,
  print: (line: string) => void,
): RunningScript {
  const shell = Bun.which("bash") ?? "sh";
  const child = Bun.spawn([shell, "-c", withFolder(command, folder)], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
  });
  void printLines(child.stdout, print);
  void printLines(child.stderr, print);
  const end = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // Nothing of it runs any more.
    }
  };
  return {
    exited: child.exited,
    async stop() {
      await endProgram(child.exited, end, END_MS);
      // What it has started may outlive it.
      end("SIGKILL");
    },
  };
}
