/**
 * The command line of the program `kinode`.
 * @module
 */
import { Command, CommanderError } from "commander";
import { errorText, KinodeError } from "@kinode-ts/types";
import manifest from "../../package.json" with { type: "json" };
import { defaultHomePath } from "../boot/home-folder.ts";
import type { StartFlags } from "../boot/start-config.ts";
import type { LimitFlags } from "./limit-command.ts";
import type { CommandFlags, LogFlags, SendFlags } from "./node-commands.ts";
import type { InviteFlags, RotateFlags } from "./peer-commands.ts";
import { consoleOutput, type Output } from "./output.ts";
import { addPackageCommands } from "./package-command-line.ts";

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

function addStart(program: Command): void {
  program
    .command("start [home]", { isDefault: false })
    .summary("start a node")
    .description(
      `Start a node. Everything it keeps lies in its home folder (default: ${defaultHomePath()}, or $KINODE_HOME).\nThe first start makes a name and a key; no network is needed.`,
    )
    .option(
      "-p, --port <number>",
      "port of the web interface (default: the first free one from 8080 to 8998)",
    )
    .option("--hostname <address>", "address to listen on", "127.0.0.1")
    .option(
      "--tls <files...>",
      "certificate and private key, two PEM files: serve https (or $KINODE_TLS_CERT and $KINODE_TLS_KEY); renewed files are taken up by themselves",
    )
    .option(
      "--trusted-proxy <address>",
      "address or range of a proxy whose X-Forwarded-… and Forwarded headers count; repeat it for more (or $KINODE_TRUSTED_PROXIES)",
      collect,
      [],
    )
    .option("--public-url <url>", "address of the apps behind a proxy (or $KINODE_PUBLIC_URL)")
    .option(
      "--pages-url <url>",
      "address of the node's own pages behind a proxy (or $KINODE_PAGES_URL)",
    )
    .option("-d, --detached", "no terminal input")
    .option(
      "-v, --verbosity <0-3>",
      "what the terminal shows: 0 usual, 1 debug, 2 super-debug, 3 every event",
    )
    .option(
      "--process-verbosity <json>",
      'levels of single processes, e.g. {"chat:chat:alice.os":{"U8":3}}',
    )
    .option(
      "--color <when>",
      "auto, always or never (default: auto, at a console without NO_COLOR)",
    )
    .option("-l, --logging-off", "write no log files")
    .option(
      "--max-log-size <bytes>",
      "of all log files together; 0 is unlimited (default: 16000000)",
    )
    .option("--number-log-files <count>", "log files kept (default: 4)")
    .option("--name <name>", "name of a new node (default: a random one ending in .local)")
    .option(
      "--password <text>",
      "password of the key (or $KINODE_PASSWORD); made up at the first start",
    )
    .option(
      "--package <zip>",
      "for development: add this package at every boot with everything it asks for granted",
      collect,
      [],
    )
    .option("--dev", "for development: open the message endpoint to programs on this machine")
    .option("--soft-ulimit <count>", "open files to plan with (default: what the system allows)")
    .option(
      "--ws-port <number>",
      "port for other nodes by web socket; 0 is none (default: the first free one from 9000)",
    )
    .option("--tcp-port <number>", "the same by TCP (default: the first free one from 10000)")
    .option("--register", "first take, reset, import or unlock a name on chain, in the browser")
    .option("--rpc <url>", "provider of the chain, kept as the first one (https:// or wss://)")
    .option(
      "--reveal-ip [choice]",
      "true or false; false: a node behind routers uses them for direct nodes too, which then do not see its address (default: true)",
    )
    .option(
      "--announce-lan",
      "say on the local network that this node is here, and list others that do: kinode peers",
    )
    .option("--no-network", "no connections with other nodes at all")
    .option(
      "--max-peers <count>",
      "other nodes connected at a time (default: what open files allow, at most 512)",
    )
    .option(
      "--max-passthroughs <count>",
      "be a router: join up to so many pairs of nodes that cannot reach each other (default: 0)",
    )
    .option(
      "--fake-node-name <name>",
      "simulation: a node with this name on a local chain, such as alice.dev (see: kinode chain)",
    )
    .option("--fakechain-port <number>", "where that chain is; 0 is none (default: 8545)")
    .action(async (home: string | undefined, flags: StartFlags) => {
      const { readStartFlags } = await import("../boot/start-config.ts");
      const { startNode } = await import("../boot/start-node.ts");
      // "--tls cert key home": the home is no third file.
      const [cert, key, rest, ...more] = flags.tls ?? [];
      const isHome = home === undefined && rest !== undefined && more.length === 0;
      const path = home ?? (isHome ? rest : defaultHomePath());
      const given = isHome ? { ...flags, tls: [cert!, key!] } : flags;
      await startNode(readStartFlags(path, given, process.env));
    });
}

/** Flags of every command that talks to a running node. */
function remote(command: Command): Command {
  return command
    .option("--home <folder>", "home folder of the node", defaultHomePath())
    .option("--json", "print JSON");
}

function addProcesses(program: Command, output: Output): void {
  const commands = () => import("./node-commands.ts");
  remote(program.command("ps"))
    .description("list apps and processes")
    .action(async (flags: CommandFlags) => (await commands()).psCommand(flags, output));
  remote(program.command("kill <process-id>"))
    .description("end a process")
    .action(async (id: string, flags: CommandFlags) =>
      (await commands()).killCommand(id, flags, output),
    );
  remote(program.command("limit <process-or-package>"))
    .summary("set what a process may have of the processor, or a package of the disk")
    .description(
      "Set what a process may have of the processor while others want it too, or what a package may have of the disk.\nOf two that compute, one with 4 shares gets four times what one with 1 gets; alone, each gets everything. A process that was quiet may use its burst at full speed first. Without options: show what holds now.",
    )
    .option("--shares <count>", "1 to 1000 (default: 1)")
    .option("--burst <time>", "up to 60s of processor time (default: 200ms)")
    .option("--disk <size>", "of a package: files and databases together, e.g. 1GB, or none")
    .option("--reset", "go back to the defaults")
    .action(async (id: string, flags: LimitFlags) =>
      (await import("./limit-command.ts")).limitCommand(id, flags, output),
    );
  remote(program.command("usage [package]"))
    .description("show what packages have on the disk, files and databases together")
    .action(async (id: string | undefined, flags: CommandFlags) =>
      (await import("./limit-command.ts")).usageCommand(id, flags, output),
    );
  remote(program.command("send <address> <json>"))
    .description(
      "send a message as the terminal and print the answer, e.g. send our@echo:echo:alice.os '\"hi\"'",
    )
    .option("-t, --timeout <seconds>", "how long to wait for the answer", "5")
    .option("--no-wait", "do not wait for an answer")
    .action(async (address: string, body: string, flags: SendFlags) =>
      (await commands()).sendCommand(address, body, flags, output),
    );
  remote(program.command("logs"))
    .description("print the newest lines of the log")
    .option("-n, --lines <count>", "how many", "100")
    .option("-f, --follow", "go on printing")
    .action(async (flags: LogFlags) => (await commands()).logsCommand(flags, output));
  remote(program.command("link"))
    .description("print a new one-time link that logs a browser in")
    .action(async (flags: CommandFlags) => (await commands()).linkCommand(flags, output));
  remote(program.command("stop"))
    .description("stop the node and wait until it has written everything")
    .action(async (flags: CommandFlags) => (await commands()).stopCommand(flags, output));
  remote(program.command("doctor"))
    .description("look for what may be wrong")
    .action(async (flags: CommandFlags) => {
      const { doctorCommand } = await import("./doctor.ts");
      if (!(await doctorCommand(flags, output))) output.exitCode = 1;
    });
}

function addPeers(program: Command, output: Output): void {
  const commands = () => import("./peer-commands.ts");
  const peers = program.command("peers").description("list, accept and remove other nodes");
  remote(peers.command("ls", { isDefault: true }))
    .description("list the nodes this one knows, and those that are near")
    .action(async (flags: CommandFlags) => (await commands()).peersCommand(flags, output));
  for (const action of ["accept", "remove"] as const) {
    const words = action === "accept" ? "trust a node that is near" : "know a node no more";
    remote(peers.command(`${action} <name>`))
      .description(words)
      .action(async (name: string, flags: CommandFlags) =>
        (await commands()).peerCommand(action, name, flags, output),
      );
  }
  remote(program.command("invite"))
    .summary("print an invitation for another node")
    .description(
      "Print an invitation: one line of text. Whoever takes it with kinode join is known to this node, and this node to it.",
    )
    .option("--expires <time>", "how long it holds, e.g. 30m, 12h, 1d, 2w", "1d")
    .option("--uses <count>", "how many nodes may come on it", "1")
    .action(async (flags: InviteFlags) => (await commands()).inviteCommand(flags, output));
  remote(program.command("join <invitation...>"))
    .description("come on an invitation: afterwards the two nodes know each other")
    .action(async (words: string[], flags: CommandFlags) =>
      (await commands()).joinCommand(words, flags, output),
    );
  const routers = program
    .command("router")
    .description("be reached through another node that has an address");
  for (const action of ["add", "remove"] as const) {
    const what = action === "add" ? "<name-or-invitation>" : "<name>";
    const words =
      action === "add" ? "be reached through this node from now on" : "no longer through it";
    remote(routers.command(`${action} ${what}`))
      .description(words)
      .action(async (router: string, flags: CommandFlags) =>
        (await commands()).routerCommand(action, router, flags, output),
      );
  }
  remote(program.command("rotate-key"))
    .description("give this node a new networking key; nodes that know it follow")
    .option("--password <text>", "of this node (or $KINODE_PASSWORD)")
    .action(async (flags: RotateFlags) => (await commands()).rotateKeyCommand(flags, output));
}

function addCaps(program: Command, output: Output): void {
  const commands = () => import("./node-commands.ts");
  const caps = program.command("caps").description("see, give and take back what processes may do");
  remote(caps.command("ls [process-or-package]"))
    .description("list capabilities, given and withdrawn")
    .action(async (filter: string | undefined, flags: CommandFlags) =>
      (await commands()).capsListCommand(filter, flags, output),
    );
  for (const action of ["grant", "revoke"] as const) {
    const words =
      action === "grant" ? "give a process a capability" : "take a capability away at once";
    remote(caps.command(`${action} <process-id> <issuer> [params]`))
      .description(`${words}; params is JSON, "messaging" if left out`)
      .action(
        async (holder: string, issuer: string, params: string | undefined, flags: CommandFlags) =>
          (await commands()).capsChangeCommand(
            action,
            { holder, issuer, params: params ?? "messaging" },
            flags,
            output,
          ),
      );
  }
}

export function createProgram(output: Output): Command {
  const program = new Command("kinode")
    .description(
      "Kinode OS: a personal server. Start a node, install apps, decide what they may do.",
    )
    .version(manifest.version)
    .showHelpAfterError('Run with "--help" for what it takes')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => output.line(text.trimEnd()),
      writeErr: (text) => output.error(text.trimEnd()),
    });
  addStart(program);
  addProcesses(program, output);
  addPeers(program, output);
  addCaps(program, output);
  addPackageCommands(program, remote, output);
  return program;
}

/**
 * Runs one command. Settles with the exit code: 0 done, 1 it failed, 2 the command line is wrong.
 */
export async function runCommandLine(
  args: readonly string[],
  output: Output = consoleOutput(),
): Promise<number> {
  try {
    await createProgram(output).parseAsync([...args], { from: "user" });
    return output.exitCode;
  } catch (thrown) {
    // Commander has written its own text already.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    output.error(`kinode: ${errorText(thrown)}`);
    if (!(thrown instanceof KinodeError) && process.env["KINODE_DEBUG"] !== undefined) {
      output.error((thrown as Error).stack ?? "");
    }
    return 1;
  }
}
