/**
 * `kinode dev`: builds a package folder into a running node, and again whenever a file changes. Processes keep their mailbox
 * and their state; what the package asks for is shown and asked once, and again when it changes.
 * @module
 */
import { type FSWatcher, watch } from "node:fs";
import { relative, resolve, sep } from "node:path";
import { buildPackage, openPackageFolder, packPackage } from "@kinode-ts/kit";
import { type ControlReplacement, errorText, KinodeError } from "@kinode-ts/types";
import { NodeError } from "../boot/errors.ts";
import { installedApi } from "./api-command.ts";
import { connectToNode, type ControlClient } from "./control-client.ts";
import { installCommand } from "./install-command.ts";
import { readServerEvents } from "./node-commands.ts";
import { type Output, plain } from "./output.ts";

export interface DevFlags {
  readonly home: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Editors write a file in several steps; a change is taken when this long nothing else came. */
const QUIET_MS = 10;
/** Written by builds themselves, or no part of the package. */
const IGNORED = /(?:^|\/)(?:target|node_modules|\.git|[^/]*~|\.[^/]*\.sw[a-z])(?:\/|$)/;

class DevSession {
  readonly #folder: string;
  readonly #flags: DevFlags;
  readonly #output: Output;
  readonly #node: ControlClient;
  #products: ReadonlySet<string> = new Set();
  #lastHash = "";

  constructor(folder: string, flags: DevFlags, output: Output) {
    this.#folder = folder;
    this.#flags = flags;
    this.#output = output;
    this.#node = connectToNode(flags.home);
  }

  /** Whether a changed file, given relative to the folder, may change the package. */
  concerns(path: string): boolean {
    const name = path.replaceAll(sep, "/");
    return !IGNORED.test(name) && !this.#products.has(name);
  }

  /** Builds, and brings the node up to date. What goes wrong is told; the next change tries again. */
  async round(): Promise<void> {
    const startMs = performance.now();
    try {
      const report = await buildPackage(this.#folder, {
        installedApi: installedApi(this.#flags.home),
      });
      this.#products = new Set(
        [...report.built, ...report.unchanged].flatMap((file) => [
          `pkg/${file}`,
          `pkg/${file}.map`,
        ]),
      );
      const packed = await packPackage(this.#folder);
      if (packed.versionHash === this.#lastHash) return;
      await this.#bring(packed, report.built, startMs);
      this.#lastHash = packed.versionHash;
    } catch (thrown) {
      if (!(thrown instanceof KinodeError)) throw thrown;
      this.#tell({ event: "failed", message: errorText(thrown) }, () => errorText(thrown));
    }
  }

  async #bring(
    packed: { readonly id: string; readonly zip: Uint8Array; readonly file: string },
    built: readonly string[],
    startMs: number,
  ): Promise<void> {
    let replacement: ControlReplacement;
    try {
      replacement = await this.#node.post<ControlReplacement>("packages/replace", packed.zip);
    } catch (thrown) {
      if (!(thrown instanceof NodeError) || thrown.fault.code !== "node.answer") throw thrown;
      if (thrown.fault.status !== 409) throw thrown;
      await installCommand(packed.file, this.#flags, this.#output);
      return;
    }
    const ms = Math.round(performance.now() - startMs);
    const { replaced, hash } = replacement;
    this.#tell({ event: "replaced", built, replaced, hash, ms }, () => {
      const names = replaced.map((id) => id.split(":")[0]).join(", ");
      const what = names === "" ? "no process uses the change" : `replaced ${names}`;
      return `${built.length === 0 ? "files changed" : `built ${built.join(", ")}`}; ${what} (${ms} ms)`;
    });
  }

  /** Prints the lines of the package's processes and those about them, until the signal or the end of the node. */
  async follow(id: string, signal: AbortSignal): Promise<void> {
    const response = await this.#node.open("logs/follow", signal);
    const lines = readServerEvents(response, (data) => {
      const line = JSON.parse(data) as string;
      if (line.includes(id)) this.#tell({ event: "line", line }, () => plain(line));
    });
    // A node that ends breaks the stream off.
    await lines.catch(() => undefined);
  }

  #tell(event: object, text: () => string): void {
    this.#output.line(this.#flags.json === true ? JSON.stringify(event) : text());
  }
}

/** Calls `act` after each burst of changes, never twice at a time. */
function onChanges(
  folder: string,
  concerns: (path: string) => boolean,
  act: () => Promise<void>,
): FSWatcher {
  let timer: Timer | undefined;
  let running: Promise<void> | undefined;
  let again = false;
  const run = (): void => {
    if (running !== undefined) {
      again = true;
      return;
    }
    running = act().finally(() => {
      running = undefined;
      if (!again) return;
      again = false;
      run();
    });
  };
  return watch(folder, { recursive: true }, (_event, path) => {
    if (path !== null && !concerns(path)) return;
    clearTimeout(timer);
    timer = setTimeout(run, QUIET_MS);
  });
}

/** Runs until the signal, by default that of Ctrl-C. */
export async function devCommand(
  path: string,
  flags: DevFlags,
  output: Output,
  signal: AbortSignal = interrupted(),
): Promise<void> {
  const folder = resolve(path);
  const session = new DevSession(folder, flags, output);
  const { id } = openPackageFolder(folder).metadata;
  await session.round();
  const watcher = onChanges(
    folder,
    (changed) => session.concerns(changed),
    () => session.round(),
  );
  if (flags.json !== true) {
    output.line(
      `Watching ${relative(process.cwd(), folder) || "."}; Ctrl-C ends this, the app stays.`,
    );
  }
  const ended = new Promise<void>((end) => signal.addEventListener("abort", () => end()));
  const follow = session.follow(id, signal).then(() => {
    if (!signal.aborted)
      throw new NodeError({ code: "node.not-running", home: flags.home }, "The node has ended");
  });
  try {
    await Promise.race([ended, follow]);
  } finally {
    watcher.close();
  }
}

function interrupted(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => controller.abort());
  process.once("SIGTERM", () => controller.abort());
  return controller.signal;
}
