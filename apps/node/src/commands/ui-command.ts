/**
 * `kinode dev-ui`: the development server of a package's web interface against a running node.
 * Source: spec/packages-and-tools.md §7, §22.
 * @module
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ControlNode } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { connectToNode } from "./control-client.ts";
import type { CommandFlags } from "./node-commands.ts";
import type { Output } from "./output.ts";

export interface DevUiFlags extends CommandFlags {
  /** Build once instead of serving. */
  readonly release?: boolean;
}

/** Runs the project's own scripts, `install` and then `start` (or `build`), and ends as they do. */
export async function devUiCommand(path: string, flags: DevUiFlags, output: Output): Promise<void> {
  const cwd = join(resolve(path), "ui");
  if (!existsSync(join(cwd, "package.json"))) {
    throw new NodeError(
      { code: "node.usage", reason: "no ui" },
      `"${path}" has no web interface to build: ui/package.json is missing`,
      { hint: 'Files in pkg/ui need no building; "kinode dev" brings them into the node' },
    );
  }
  const { url } = await connectToNode(flags.home).get<ControlNode>("node");
  const script = flags.release === true ? "build" : "start";
  for (const command of [["install"], ["run", script]]) {
    const child = Bun.spawn([process.execPath, ...command], {
      cwd,
      env: { ...process.env, VITE_NODE_URL: url },
      stdio: ["inherit", "inherit", "inherit"],
    });
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    output.exitCode = await child.exited;
    if (output.exitCode !== 0) return;
  }
}
