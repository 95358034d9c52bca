/**
 * `kinode start`: boots a node, tells where it is, runs until it is told to stop.
 * @module
 */
import {
  consoleScreen,
  createPrinter,
  LogFiles,
  type NodePrinter,
  openConsole,
  openHistory,
  PrintFilter,
  type TerminalHandlers,
} from "@kinode-ts/terminal";
import { createSystemRandom } from "@kinode-ts/crypto/random";
import type { Kernel } from "@kinode-ts/kernel";
import { type Clock, errorText, KERNEL_PROCESS, TERMINAL_PROCESS } from "@kinode-ts/types";
import { composeNode, loadPackages, type RunningNode } from "./compose.ts";
import { type HomeFolder, openHomeFolder } from "./home-folder.ts";
import { type Identity, provideIdentity } from "./identity.ts";
import { chooseHttpPort } from "./ports.ts";
import { refuseSecondNode, removeRunFile, writeRunFile } from "./run-file.ts";
import type { StartConfig } from "./start-config.ts";
import { createSystemClock } from "./system-clock.ts";

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
  /** Where finished lines go: the plain output, or above the input line once the terminal is open. */
  show: (line: string) => void;
}

function openPrinting(config: StartConfig, home: HomeFolder, clock: Clock): Console {
  const filter = new PrintFilter(config.verbosity, config.processLevels);
  const logs = new LogFiles({
    folder: home.logs,
    limits: { maxTotalBytes: config.maxLogBytes, fileCount: config.logFileCount },
    clock,
    enabled: config.logging,
  });
  const screen = consoleScreen();
  const view: Console = {
    filter,
    logs,
    show: (line) => screen.write(`${line}\n`),
    printer: createPrinter({
      clock,
      filter,
      color: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
      log: (text) => logs.write(text),
      show: (line) => view.show(line),
    }),
  };
  return view;
}

/** A line of the person becomes a request of the terminal process to itself. Source: spec/kernel.md §8.3. */
function enterLine(kernel: Kernel, id: number | bigint, text: string): void {
  const terminal = { node: kernel.our, process: TERMINAL_PROCESS };
  kernel.inject({
    id,
    source: terminal,
    target: terminal,
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: new TextEncoder().encode(text),
      metadata: undefined,
      capabilities: [],
    },
    blob: undefined,
  });
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

function openTerminal(
  { kernel }: RunningNode,
  view: Console,
  home: HomeFolder,
  handlers: Pick<TerminalHandlers, "quit" | "levelsChanged">,
): () => void {
  const random = createSystemRandom();
  const opened = openConsole({
    node: kernel.our,
    filter: view.filter,
    history: openHistory(home.history),
    handlers: {
      line: (text) => {
        if (kernel.process(TERMINAL_PROCESS) === undefined) {
          opened.terminal.show(
            "The process that reads commands was ended; it comes back when the node starts again",
          );
        } else enterLine(kernel, random.u64(), text);
      },
      ...handlers,
      toggleStepThrough: () => kernel.debug.toggleStepThrough(),
      step: () => kernel.debug.step(),
      toggleLogging: () => view.logs.toggle(),
      complete: (text) => completeProcess(kernel, text),
    },
  });
  const { show } = view;
  view.show = (line) => opened.terminal.show(line);
  return () => {
    view.show = show;
    opened.close();
  };
}

/** Completes the last word to a process id, with `our@` before it where an address is being typed. */
function completeProcess(kernel: Kernel, text: string): string[] {
  const space = text.lastIndexOf(" ") + 1;
  const word = text.slice(space);
  const at = word.indexOf("@") + 1;
  if (word.slice(at) === "") return [];
  return kernel
    .processes()
    .map(({ id }) => id)
    .filter((id) => id.startsWith(word.slice(at)))
    .map((id) => text.slice(0, space + at) + id);
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
  if (config.dev)
    print("ATTENTION: --dev lets every program on this machine send messages as this node");
  if (config.idleFlags.length > 0) {
    print(`Without effect in this version: ${config.idleFlags.join(", ")}`);
  }
  print(`${identity.name} is running; its home is ${home.path}`);
  print(`Open ${node.pagesUrl} for apps and permissions; the apps themselves are at ${node.url}`);
}

/** Runs a node until a signal, the terminal or a message ends it. The exit code is the process's. */
export async function startNode(config: StartConfig): Promise<void> {
  const clock = createSystemClock();
  const home = openHomeFolder(config.home);
  await refuseSecondNode(home);
  const port = chooseHttpPort(config.port, config.hostname);
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
  const packages = await loadPackages(config.packages);
  const identity = await provideIdentity(home, createSystemRandom(), config);
  if (identity.newPassword !== undefined) {
    // At once, so that it is not lost when something below fails. Not into the log file, which must not hold it.
    view.show(`The password of this node, shown once: ${identity.newPassword}`);
  }
  let levelsChanged = (): void => {};
  const node = await composeNode({
    config,
    home,
    identity,
    packages,
    port,
    clock,
    printer: view.printer,
    onShutdown: () => asked.resolve(),
    onKernel: (kernel) => {
      levelsChanged = followLevels(kernel, view.filter);
    },
  });
  writeRunFile(home, { pid: process.pid, port: node.port, url: node.url, name: identity.name });
  welcome(config, home, identity, node, print);
  // Not into the log file, like the password.
  view.show(`Log in with this link, good for one use: ${node.issueLoginLink()}`);
  const isInteractive = !config.detached && process.stdin.isTTY && process.stdout.isTTY;
  const closeTerminal = isInteractive
    ? openTerminal(node, view, home, { quit: () => asked.resolve(), levelsChanged })
    : () => {};

  await Promise.race([asked.promise, node.kernel.stopped]);
  closeTerminal();
  print("Stopping");
  await node.stop();
  removeRunFile(home);
  print("Stopped; everything is written");
  view.logs[Symbol.dispose]();
  process.exit(0);
}
