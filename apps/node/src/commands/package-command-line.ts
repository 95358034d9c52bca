/**
 * The commands for packages: those of developers and those that install. Names and short names as the existing kit has them.
 * Source: spec/packages-and-tools.md §22.
 * @module
 */
import type { Command } from "commander";
import { NodeError } from "../boot/errors.ts";
import type { BuildFlags, PackFlags, VerifyFlags } from "./build-commands.ts";
import type { DevFlags } from "./dev-command.ts";
import type { FakeNodeFlags } from "./fake-node-command.ts";
import type { InstallFlags } from "./install-command.ts";
import type { NewFlags } from "./new-command.ts";
import type { CommandFlags } from "./node-commands.ts";
import type { ChainFlags } from "./chain-command.ts";
import type { Output } from "./output.ts";
import type { InjectFlags, RemoveFlags } from "./package-commands.ts";
import type { RunTestsFlags } from "./run-tests-command.ts";
import type { DevUiFlags } from "./ui-command.ts";

/** Adds the flags of every command that talks to a running node. */
export type Remote = (command: Command) => Command;

const FOLDER = "[folder]";
const collect = (value: string, before: readonly string[] | undefined): string[] => [
  ...(before ?? []),
  value,
];

function addNew(program: Command, output: Output): void {
  program
    .command("new [folder]")
    .alias("n")
    .description("make a package to start from; its name is the folder's")
    .option(
      "-t, --template <language>",
      "typescript (default), javascript, rust, go, c, cpp, python",
    )
    .option("-l, --language <language>", "the same as --template")
    .option(
      "-s, --starter <name>",
      "something smaller or other than the package that shows everything",
    )
    .option("-a, --package <name>", "name of the package, if not the folder's")
    .option("-u, --publisher <node>", "name of the node that publishes it (default: template.os)")
    .option("--list", "list the templates")
    .option("--json", "print JSON")
    .action(async (folder: string | undefined, flags: NewFlags) => {
      const { newCommand } = await import("./new-command.ts");
      await newCommand(folder, flags, output);
    });
}

function withBuildFlags(command: Command): Command {
  return command
    .option("-f, --force", "build also what has not changed")
    .option("-i, --include <path>", "build only this program; can be given several times", collect)
    .option("-e, --exclude <path>", "leave this program out; can be given several times", collect)
    .option("--no-ui", "leave the web interface alone")
    .option("--ui-only", "build nothing but the web interface")
    .option("-w, --world <name>", "world for components (default: the package's)")
    .option("--features <names>", "features of Rust crates, e.g. a,b, for those that have them")
    .option("-l, --local-dependency <folder>", "a package whose API this one uses", collect)
    .option("-a, --add-to-api <path>", "also put this into api.zip", collect)
    .option("--component", "pack scripts as components, for nodes that know none");
}

function addBuild(program: Command, output: Output): void {
  const commands = () => import("./build-commands.ts");
  withBuildFlags(program.command(`build ${FOLDER}`).alias("b"))
    .description("build what has changed in a package folder, and pack it")
    .option("--json", "print JSON")
    .action(async (path: string | undefined, flags: BuildFlags) =>
      (await commands()).buildCommand(path ?? ".", flags, output),
    );
  program
    .command(`package ${FOLDER}`)
    .alias("pack")
    .description("build and pack: equal sources give an equal zip")
    .option("--out <file>", "where to write the zip (default: target/<package id>.zip)")
    .option("--component", "pack scripts as components, for nodes that know none")
    .option("--json", "print JSON")
    .action(async (path: string | undefined, flags: PackFlags) =>
      (await commands()).packCommand(path ?? ".", flags, output),
    );
  program
    .command("verify [zip-or-folder]")
    .description("check a packed package, and that its sources give the same bytes")
    .option("--source <folder>", "folder to build from (default: the one around the zip)")
    .option("--component", "it was packed with --component")
    .option("--json", "print JSON")
    .action(async (path: string | undefined, flags: VerifyFlags) =>
      (await commands()).verifyCommand(path ?? ".", flags, output),
    );
  program
    .command(`check ${FOLDER}`)
    .description(
      "check a package folder: its files, its types, and what it asks for in plain words",
    )
    .option("--json", "print JSON")
    .action(async (path: string | undefined, flags: { json?: boolean }) =>
      (await import("./check-command.ts")).checkCommand(path ?? ".", flags, output),
    );
}

function withAnswers(command: Command): Command {
  return command
    .option("-y, --yes", "allow everything it asks for that you have not refused before")
    .option(
      "--deny <capability>",
      'allow all but this: "vfs:distro:sys", or with params after a space',
      collect,
      [],
    );
}

function addDevelopment(program: Command, remote: Remote, output: Output): void {
  remote(program.command(`dev ${FOLDER}`))
    .description("build into a running node, and again whenever a file changes")
    .option("-y, --yes", "allow everything it asks for that you have not refused before")
    .action(async (path: string | undefined, flags: DevFlags) => {
      const { devCommand } = await import("./dev-command.ts");
      await devCommand(path ?? ".", flags, output);
    });
  program
    .command(`test ${FOLDER} [args...]`)
    .description('run the tests of a package; they may start a node with "kinode/testing"')
    .allowUnknownOption()
    .action(async (path: string | undefined, args: string[]) => {
      const { testCommand } = await import("./test-command.ts");
      await testCommand(path ?? ".", args, output);
    });
  program
    .command("run-tests [path]")
    .alias("t")
    .summary("run the tests of packages on simulated nodes, by tests.toml")
    .description(
      "Run the tests of packages on simulated nodes, as tests.toml says: the file named, the one in the folder named, or in its folder test.\nWhat it starts is ended and removed at the end.",
    )
    .option("--json", "print the results as JSON, everything else as errors")
    .action(async (path: string | undefined, flags: RunTestsFlags) => {
      const { runTestsCommand } = await import("./run-tests-command.ts");
      await runTestsCommand(path ?? ".", flags, output);
    });
  withAnswers(remote(program.command(`start-package ${FOLDER}`).alias("s")))
    .description("install what is built in a package folder, without building")
    .action(async (path: string | undefined, flags: InstallFlags) => {
      const { startPackageCommand } = await import("./package-commands.ts");
      await startPackageCommand(path ?? ".", flags, output);
    });
  withAnswers(withBuildFlags(remote(program.command(`build-start-package ${FOLDER}`).alias("bs"))))
    .description("build a package folder and install it")
    .action(async (path: string | undefined, flags: InstallFlags & BuildFlags) => {
      const { buildStartPackageCommand } = await import("./package-commands.ts");
      await buildStartPackageCommand(path ?? ".", flags, output);
    });
  remote(program.command(`remove-package ${FOLDER}`).alias("r"))
    .description("end and remove the package of a folder, or the one named")
    .option("-a, --package <name>", "name of the package")
    .option("-u, --publisher <node>", "its publisher")
    .option("--purge", "remove its data as well")
    .action(async (path: string | undefined, flags: RemoveFlags) => {
      const { removePackageCommand } = await import("./package-commands.ts");
      await removePackageCommand(path ?? ".", flags, output);
    });
  remote(program.command(`dev-ui ${FOLDER}`).alias("d"))
    .description("serve the web interface in ui/ by its own development server, against the node")
    .option("--release", "build it once instead")
    .action(async (path: string | undefined, flags: DevUiFlags) => {
      const { devUiCommand } = await import("./ui-command.ts");
      await devUiCommand(path ?? ".", flags, output);
    });
  remote(program.command("view-api [package-id]").alias("v"))
    .description("list the installed packages that have an API, or show the API of one")
    .action(async (id: string | undefined, flags: CommandFlags) => {
      const { viewApiCommand } = await import("./api-command.ts");
      viewApiCommand(id, flags, output);
    });
  remote(program.command("inject-message <process> <json>").alias("i"))
    .description("send a message over the node's message endpoint and print the whole answer")
    .option("-n, --node <name>", "node of the process (default: this one)")
    .option("-b, --blob <file>", "send the content of this file with it")
    .option("-l, --non-block", "do not wait for an answer")
    .action(async (process: string, body: string, flags: InjectFlags) => {
      const { injectCommand } = await import("./package-commands.ts");
      await injectCommand(process, body, flags, output);
    });
}

function addInstall(program: Command, remote: Remote, output: Output): void {
  withAnswers(remote(program.command("install <zip-or-folder>")))
    .description("install or update a package: shows what it asks for, and asks you")
    .action(async (path: string, flags: InstallFlags) => {
      const { installCommand } = await import("./install-command.ts");
      await installCommand(path, flags, output);
    });
  remote(program.command("uninstall <package-id>"))
    .description("end and remove a package")
    .option("--purge", "remove its data as well")
    .action(async (id: string, flags: CommandFlags & { purge?: boolean }) => {
      const { uninstallCommand } = await import("./install-command.ts");
      await uninstallCommand(id, flags, output);
    });
}

/** Commands of the existing kit that this version does not have: [name, short name, what to do instead]. */
const MISSING: readonly (readonly [string, string | undefined, string])[] = [
  ["boot-real-node", "e", 'Start a node with "kinode start <home>"'],
  ["connect", undefined, "Use ssh -L <local port>:localhost:<port of the node> <host>"],
  ["publish", "p", 'Give others the zip that "kinode package" makes'],
  ["reset-cache", undefined, "There is no cache; remove target/ to build everything again"],
  ["setup", undefined, '"kinode build" names every tool that is missing'],
  ["update", undefined, "Update the program the way it was installed"],
];

function addChain(program: Command, output: Output): void {
  program
    .command("chain")
    .alias("c")
    .description("run a local chain with a registry of names, for simulated nodes")
    .option("-p, --port <number>", "where (default: 8545)")
    .option("--commit-rule", "names below os as on the real chain: 9 letters, committed to before")
    .option("--verbose", "print what the chain prints")
    .action(async (flags: ChainFlags) => {
      const { runChain } = await import("./chain-command.ts");
      await runChain(flags, output);
    });
}

function addFakeNode(program: Command, output: Output): void {
  program
    .command("boot-fake-node")
    .alias("f")
    .description("start a throw-away node on a local chain, and the chain if it is not there")
    .option("-p, --port <number>", "HTTP port", "8080")
    .option("-o, --home <folder>", "home folder", "/tmp/kinode-fake-node")
    .option("-f, --fake-node-name <name>", "its name", "fake.dev")
    .option("-c, --fakechain-port <number>", "where the chain is; 0 is none (default: 8545)")
    .option("--persist", "keep the home folder")
    .option("--password <password>", "of the node", "secret")
    .option("--verbosity <level>", "0 to 3 (default: 0)")
    .option("-d, --detached", "no terminal input")
    .action(async (flags: FakeNodeFlags) => {
      const { bootFakeNode } = await import("./fake-node-command.ts");
      await bootFakeNode(flags, output);
    });
}

function addMissing(program: Command): void {
  for (const [name, alias, hint] of MISSING) {
    const command = program
      .command(name, { hidden: true })
      .argument("[args...]")
      .description("not in this version")
      .allowUnknownOption()
      .action(() => {
        throw new NodeError(
          { code: "node.usage", reason: `no ${name}` },
          `"kinode ${name}" is not in this version`,
          { hint },
        );
      });
    if (alias !== undefined) command.alias(alias);
  }
}

export function addPackageCommands(program: Command, remote: Remote, output: Output): void {
  addInstall(program, remote, output);
  program.commandsGroup("Make packages:");
  addNew(program, output);
  addBuild(program, output);
  addDevelopment(program, remote, output);
  addChain(program, output);
  addFakeNode(program, output);
  addMissing(program);
}
