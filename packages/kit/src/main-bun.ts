#!/usr/bin/env bun
/**
 * The program `kinode-kit`: what developers need of this package without a node. The program `kinode` has the same
 * commands with all their flags, and those that talk to a node.
 * @module
 */
import { parseArgs } from "node:util";
import { errorText } from "@kinode-ts/types";
import { buildPackage } from "./build-package-bun.ts";
import { packPackage } from "./pack-package-bun.ts";
import { builtPath } from "./package-build-bun.ts";
import { verifyPackage } from "./verify-package-bun.ts";

const USAGE = `Usage: kinode-kit <command> [folder]

  build    build what has changed, and pack it   [--force] [--component]
  verify   check the zip, and that the sources give the same bytes   [--component]`;

interface Flags {
  readonly force?: boolean | undefined;
  readonly component?: boolean | undefined;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function build(folder: string, flags: Flags): Promise<number> {
  const report = await buildPackage(folder, { force: flags.force });
  for (const file of report.built) print(`built      ${builtPath(file)}`);
  for (const file of report.unchanged) print(`unchanged  ${builtPath(file)}`);
  const { file, versionHash } = await packPackage(folder, { component: flags.component });
  print(`packed     ${file}`);
  print(`hash       ${versionHash}`);
  return 0;
}

async function verify(folder: string, flags: Flags): Promise<number> {
  const found = await verifyPackage(folder, { component: flags.component });
  print(`hash       ${found.versionHash}`);
  print(`rebuilt    ${found.rebuilt}`);
  for (const file of found.differences) print(`differs    ${file}`);
  return found.rebuilt === "different" || found.isListed === false ? 1 : 0;
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      force: { type: "boolean", short: "f" },
      component: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  const [command, folder = "."] = positionals;
  if (command === "build") return await build(folder, values);
  if (command === "verify") return await verify(folder, values);
  print(USAGE);
  return values.help === true ? 0 : 2;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  process.stderr.write(`kinode-kit: ${errorText(thrown)}\n`);
  process.exitCode = 1;
}
