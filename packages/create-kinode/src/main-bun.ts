#!/usr/bin/env bun
/**
 * `bun create kinode [folder]`: makes a package to start from.
 * @module
 */
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { askForProject, createProject, type LanguageId, listTemplates } from "@kinode-ts/kit";
import { errorText } from "@kinode-ts/types";

const OPTIONS = {
  template: { type: "string", short: "t" },
  starter: { type: "string", short: "s" },
  publisher: { type: "string", short: "u" },
  help: { type: "boolean", short: "h" },
} as const;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function usage(): string {
  const templates = listTemplates().map(({ language }) => language);
  return `Usage: bun create kinode <folder> [--template <language>] [--starter <name>] [--publisher <node>]

  --template   ${templates.join(", ")} (default: typescript)
  --publisher  the node that publishes it, such as alice.os (default: template.os)`;
}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: OPTIONS,
  });
  if (values.help === true) {
    print(usage());
    return 0;
  }
  const { starter, publisher } = values;
  const known = {
    folder: positionals[0],
    language: values.template as LanguageId | undefined,
    starter,
    publisher,
  };
  const canAsk = process.stdin.isTTY && process.stdout.isTTY;
  const asks = canAsk && (known.folder === undefined || (known.language ?? starter) === undefined);
  const project = asks ? await askForProject(known) : known;
  if (project === undefined) return 1;
  if (project.folder === undefined) {
    print(usage());
    return 2;
  }
  const made = createProject({ ...project, folder: project.folder });
  const place = relative(process.cwd(), made.folder) || ".";
  print(`Made ${made.id} in ${place}. Next:`);
  print(`  cd ${place}`);
  if (made.files.includes("package.json")) {
    print("  bun install");
    print("  bun run build");
  } else {
    print("  bunx @kinode-ts/kit build");
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (thrown) {
  process.stderr.write(`create-kinode: ${errorText(thrown)}\n`);
  process.exitCode = 1;
}
