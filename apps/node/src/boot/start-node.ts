/**
 * `kinode start`: boots a node, tells where it is, runs until it is told to stop.
 * @module
 */
import { fullGC } from "bun:jsc";
import {
  consoleScreen,
  createPrinter,
  formatRows,
  LogFiles,
  type NodePrinter,
  openConsole,
  openHistory,
  PrintFilter,
  type Screen,
  Screens,
} from "@kinode-ts/terminal";
import { machineMemoryBytes } from "@kinode-ts/component";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import type { Kernel } from "@kinode-ts/kernel";
import { KIMAP, LOCAL_KIMAP } from "@kinode-ts/kimap";
import { type Clock, errorText, KERNEL_PROCESS } from "@kinode-ts/types";
import manifest from "../../package.json" with { type: "json" };
import { composeNode, type RunningNode } from "./compose.ts";
import { describeNode } from "./describe-node.ts";
import { loadPackages } from "./load-packages.ts";
import { type HomeFolder, openHomeFolder } from "./home-folder.ts";
import { adoptChainIdentity, type Identity, provideIdentity } from "./identity.ts";
import { FIRST_PORT } from "../network/create-network.ts";
import { chooseHttpPort, firstFreePort } from "./ports.ts";
import { refuseSecondNode, removeRunFile, writeRunFile } from "./run-file.ts";
import type { SimulationConfig, StartConfig } from "./start-config.ts";
import { createSystemClock } from "./system-clock.ts";
import { readTlsFiles } from "./tls-files.ts";
import { consoleOptions, openRemoteTerminal, type TerminalParts } from "./terminals.ts";
import { watchMemory } from "./watch-memory.ts";

/** Signals that end a node in order. Source: spec/runtime-modules.md §10.1, §10.4 row 8. */
const STOP_SIGNALS = [
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGALRM",
  "SIGUSR1",
  "SIGUSR2",
] as const;

interface Console {
  readonly printer: NodePrinter;
  readonly filter: PrintFilter;
  readonly logs: LogFiles;
  readonly screens: Screens;
  readonly screen: Screen;
  /** A line of the node itself, before there is a terminal. */
  readonly say: (text: string) => void;
}

function wantsColor(config: StartConfig): boolean {
  if (config.color !== "auto") return config.color === "always";
  return process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
}

function openPrinting(config: StartConfig, home: HomeFolder, clock: Clock): Console {
  const filter = new PrintFilter(config.verbosity, config.processLevels);
  const logs = new LogFiles({
    folder: home.logs,
    limits: { maxTotalBytes: config.maxLogBytes, fileCount: config.logFileCount },
    clock,
    enabled: config.logging,
  });
  const screen = consoleScreen(wantsColor(config));
  // A file or a pipe has no width; lines for them are as long as they are.
  const columns = (): number => (process.stdout.isTTY ? screen.columns() : Infinity);
  const screens = new Screens((line) => {
    const look = { columns: columns(), width: screen.width, color: screen.color };
    screen.write(`${formatRows(line, look).join("\n")}\n`);
  });
  return {
    filter,
    logs,
    screens,
    screen,
    say: (text) => screen.write(`${text}\n`),
    printer: createPrinter({
      clock,
      filter,
      log: (text, origin) => logs.write(text, origin),
      show: (line) => screens.show(line),
    }),
  };
}

/** Event printing follows the levels: everything at 3, and single processes whose own level is 3. */
function followLevels(kernel: Kernel, filter: PrintFilter): () => void {
  let printed = new Set<string>();
  const apply = (): void => {
    kernel.debug.setEventPrinting(filter.level >= 3);
    const wanted = new Set(
      [...filter.processes]
        .filter(([, level]) => level !== "muted" && level >= 3)
        .map(([id]) => id),
    );
    for (const id of wanted) if (!printed.has(id)) kernel.debug.setEventPrintingFor(id, true);
    for (const id of printed) {
      if (!wanted.has(id as never)) kernel.debug.setEventPrintingFor(id as never, false);
    }
    printed = wanted;
  };
  apply();
  return apply;
}

function openConsoleTerminal(
  { kernel }: RunningNode,
  view: Console,
  parts: TerminalParts,
  quit: () => void,
): () => void {
  const show = (text: string): void => opened.terminal.show(text);
  const opened = openConsole({
    ...consoleOptions(kernel, parts, show, quit),
    screen: view.screen,
  });
  const detach = view.screens.attachConsole(opened.terminal);
  return () => {
    detach();
    opened.close();
  };
}

function welcome(
  config: StartConfig,
  home: HomeFolder,
  identity: Identity,
  node: RunningNode,
  print: (text: string) => void,
): void {
  for (const path of config.packages) {
    print(
      `ATTENTION: --package ${path} runs with everything it asks for granted, without asking you`,
    );
  }
  if (config.simulation) {
    const names =
      config.simulation.chainPort === undefined ? "" : "its names are on a local chain, and ";
    print(`ATTENTION: this node is simulated: ${names}its key protects nothing`);
  }
  if (config.dev)
    print("ATTENTION: --dev lets every program on this machine send messages as this node");
  print(`${identity.name} is running; its home is ${home.path}`);
  // Two lines: neither address may be cut in two by a narrow window.
  print(`Open ${node.pagesUrl} for apps, permissions and a terminal`);
  print(`Apps have their pages at ${node.appsUrl}`);
}

interface StartedAs {
  readonly identity: Identity;
  /** Of the web interface. */
  readonly port: number;
}

/** The identity that a person made or unlocked in the browser; `undefined`: they stopped the program instead. */
async function registerIdentity(
  config: StartConfig,
  home: HomeFolder,
  port: number,
  clock: Clock,
  say: (text: string) => void,
  stopped: Promise<void>,
): Promise<StartedAs | undefined> {
  // Loaded for this alone: most starts need neither the pages nor a chain.
  const { serveRegistration } = await import("../registration/serve-registration.ts");
  const { createContractCalls, DEFAULT_RPC_URL } =
    await import("../registration/contract-calls.ts");
  const { fakechainPort } = config;
  const rpc = fakechainPort === undefined ? DEFAULT_RPC_URL : `ws://127.0.0.1:${fakechainPort}`;
  const made = await serveRegistration({
    config: fakechainPort === undefined ? KIMAP : LOCAL_KIMAP,
    call: createContractCalls(config.rpc ?? rpc),
    home,
    hostname: config.hostname,
    port,
    nextPort:
      config.port === undefined ? () => chooseHttpPort(undefined, config.hostname) : undefined,
    tls: config.tls && readTlsFiles(config.tls),
    network: config.network,
    clock,
    random: createSystemRandom(),
    say,
    stopped,
  });
  return made && { identity: adoptChainIdentity(home, made.identity), port: made.port };
}

/** The identity of a simulated node, which the local chain, if there is one, is told of first. */
async function simulateIdentity(
  { network, password }: StartConfig,
  { name, chainPort }: SimulationConfig,
  home: HomeFolder,
): Promise<Identity> {
  const { provideFakeIdentity } = await import("../simulation/fake-node.ts");
  const { httpRpc } = await import("@kinode-ts/chain");
  return await provideFakeIdentity({
    home,
    random: createSystemRandom(),
    rpc: chainPort === undefined ? undefined : httpRpc(`http://127.0.0.1:${chainPort}`),
    name,
    password,
    wsPort: network.wsPort === 0 ? undefined : network.wsPort,
    freePort: () => firstFreePort(FIRST_PORT.ws) ?? FIRST_PORT.ws,
  });
}

/** Runs a node until a signal, the terminal or a message ends it. The exit code is the process's. */
export async function startNode(config: StartConfig): Promise<void> {
  const clock = createSystemClock();
  const home = openHomeFolder(config.home);
  await refuseSecondNode(home);
  const wantedPort = chooseHttpPort(config.port, config.hostname);
  const view = openPrinting(config, home, clock);
  const print = (text: string): void => view.printer.print(0, KERNEL_PROCESS, text);
  const asked = Promise.withResolvers<void>();
  for (const signal of STOP_SIGNALS) process.on(signal, () => asked.resolve());
  process.on("SIGPIPE", () => {});
  // A promise that a bundled program forgot is its mistake and no reason to end everybody else's work.
  process.on("unhandledRejection", (reason) =>
    print(`Nobody handled a failure: ${errorText(reason)}`),
  );

  // Before the identity is made: a mistyped path must not leave half a node behind.
  const loaded = await loadPackages(config.packages);
  const packages = config.simulation
    ? await (
        await import("../simulation/simulated-packages.ts")
      ).simulatedPackages(loaded, config.simulation)
    : loaded;
  const startedAs = config.register
    ? await registerIdentity(config, home, wantedPort, clock, view.say, asked.promise)
    : {
        port: wantedPort,
        identity: config.simulation
          ? await simulateIdentity(config, config.simulation, home)
          : await provideIdentity(home, createSystemRandom(), config),
      };
  if (startedAs === undefined) process.exit(0);
  const { identity, port } = startedAs;
  if (identity.newPassword !== undefined) {
    // At once, so that it is not lost when something below fails. Not into the log file, which must not hold it.
    view.say(`The password of this node, shown once: ${identity.newPassword}`);
  }
  let levelsChanged = (): void => {};
  const terminalParts: TerminalParts = {
    clock,
    random: createSystemRandom(),
    filter: view.filter,
    logs: view.logs,
    screens: view.screens,
    history: openHistory(home.history),
    levelsChanged: () => levelsChanged(),
  };
  const node = await composeNode({
    config,
    home,
    identity,
    packages,
    port,
    clock,
    printer: view.printer,
    openTerminal: (kernel, screen, session) =>
      openRemoteTerminal(kernel, terminalParts, screen, session),
    onShutdown: () => asked.resolve(),
    onKernel: (kernel) => {
      levelsChanged = followLevels(kernel, view.filter);
    },
  });
  writeRunFile(home, { pid: process.pid, port: node.port, url: node.url, name: identity.name });
  print(await describeNode(node.kernel, identity.name, manifest.version));
  welcome(config, home, identity, node, print);
  // Not into the log file, like the password.
  view.say(`Log in with this link, good for one use: ${node.issueLoginLink()}`);
  const isInteractive = !config.detached && process.stdin.isTTY && process.stdout.isTTY;
  const closeTerminal = isInteractive
    ? openConsoleTerminal(node, view, terminalParts, () => asked.resolve())
    : () => {};
  const unwatchMemory = watchMemory({
    clock,
    machineBytes: () => machineMemoryBytes(),
    residentBytes: () => process.memoryUsage.rss(),
    // Not `Bun.gc(true)`, which throws compiled code away as well and held the thread twice as long.
    collectGarbage: () => {
      fullGC();
    },
  });

  await Promise.race([asked.promise, node.kernel.stopped]);
  closeTerminal();
  unwatchMemory();
  print("Stopping");
  await node.stop();
  removeRunFile(home);
  print("Stopped; everything is written");
  view.logs[Symbol.dispose]();
  process.exit(0);
}
