/**
 * The life of processes: registered, started, ended, restarted, killed.
 * Source: spec/kernel.md §3.11, §4.3, §5.7; W3, W4, W5, W7, W11, W13.
 * @module
 */
import { type AddedCapability, capabilityKey, isJson } from "@kinode-ts/caps";
import {
  type Capability,
  type Ending,
  errorText,
  type KernelMessage,
  messagingCapability,
  type OnExit,
  type OnExitRequest,
  ProcessFault,
  type ProcessId,
  type ProcessRecord,
  type Program,
  type StoreChange,
} from "@kinode-ts/types";
import type { KernelCore } from "./core.ts";
import { Mailbox, messageBytes } from "./mailbox.ts";
import { ProcessEntry } from "./process-entry.ts";
import { KernelProcessHost } from "./process-host.ts";
import { RestartBackoff } from "./restart-backoff.ts";
import type { TimerNode } from "./timer-wheel.ts";

export interface NewProcess extends ProcessRecord {
  /** Given as they are; its own messaging capability is added. */
  readonly capabilities: readonly AddedCapability[];
  /** The program's file; without it the file is read when the process starts. */
  readonly bytes?: Uint8Array | undefined;
  /** Gets messaging for the new process and counts it among its children. */
  readonly creator?: ProcessEntry | undefined;
}

export class Supervisor {
  readonly #core: KernelCore;
  readonly #backoff = new RestartBackoff();
  readonly #startedMs = new WeakMap<KernelProcessHost, number>();

  constructor(core: KernelCore) {
    this.#core = core;
  }

  // --- registering --------------------------------------------------------------------------------------------------

  /** Puts a process into the table; returns what stands against it, or nothing. */
  initialize(process: NewProcess): string | undefined {
    const { table, limits } = this.#core;
    const { id, creator } = process;
    if (table.find(id) !== undefined) {
      return `Cannot initialize ${id}: it exists already; kill it first`;
    }
    if (table.processCount >= limits.maxProcessCount) {
      return `Cannot initialize ${id}: this node runs ${limits.maxProcessCount} processes, its limit`;
    }
    if (creator?.role === "process" && creator.childrenCount >= limits.maxChildrenCount) {
      return `Cannot initialize ${id}: ${creator.id} has ${limits.maxChildrenCount} processes alive, its limit`;
    }
    const entry = this.provideEntry(process);
    entry.bytes = process.bytes;
    this.#register(entry, process.capabilities);
    if (creator !== undefined) this.#adopt(creator, entry);
    return undefined;
  }

  /** A fresh entry in the table, nothing written, nobody told. */
  provideEntry(record: ProcessRecord): ProcessEntry {
    const { our, capabilities, limits, table } = this.#core;
    const entry = new ProcessEntry({
      record,
      address: { node: our, process: record.id },
      role: "process",
      holder: capabilities.provide(record.id),
      exempt: false,
      mailbox: new Mailbox(our, limits),
    });
    Object.assign(entry.cpu, this.#core.cpuLimits.of(record.id));
    table.add(entry);
    return entry;
  }

  #register(entry: ProcessEntry, given: readonly AddedCapability[]): void {
    const { our, capabilities } = this.#core;
    const added = [...given, messagingCapability(our, entry.id)];
    const changes = capabilities.add(entry.id, added);
    if (this.#isKept(entry)) {
      this.#core.journal.append([{ kind: "put-process", record: entry.toRecord() }]);
    }
    this.#core.capabilitiesChanged(changes);
  }

  #adopt(creator: ProcessEntry, entry: ProcessEntry): void {
    this.#core.capabilitiesChanged(
      this.#core.capabilities.add(creator.id, [messagingCapability(this.#core.our, entry.id)]),
    );
    if (creator.role !== "process") return;
    entry.parent = creator;
    entry.prints = creator.prints;
    entry.aboutPrints = creator.aboutPrints;
    creator.childrenCount++;
  }

  setOnExit(entry: ProcessEntry, onExit: OnExit): void {
    this.assertSize(onExit);
    const wasKept = this.#isKept(entry);
    entry.onExit = onExit;
    const changes: StoreChange[] = [];
    if (this.#isKept(entry)) {
      changes.push({ kind: "put-process", record: entry.toRecord() });
      if (!wasKept) changes.push(...this.#heldRows(entry));
    } else if (wasKept) {
      changes.push({ kind: "delete-process", id: entry.id });
    }
    this.#core.journal.append(changes);
  }

  /** @throws {ProcessFault} more bytes in on-exit requests than a mailbox may hold */
  assertSize(onExit: OnExit): void {
    if (onExit.kind !== "requests") return;
    const bytes = onExit.requests.reduce(
      (sum, { request, blob }) =>
        sum + 256 + request.body.byteLength + (blob === undefined ? 0 : blob.bytes.byteLength),
      0,
    );
    const bound = this.#core.limits.maxMailboxBytes;
    if (bytes > bound) {
      throw new ProcessFault(
        `Cannot keep on-exit requests of ${bytes} bytes: the limit is ${bound}`,
      );
    }
  }

  #heldRows(entry: ProcessEntry): StoreChange[] {
    return entry.holder.list().map((capability) => ({
      kind: "put-capability",
      capability: { holder: entry.id, key: capabilityKey(capability), ...capability },
    }));
  }

  #isKept(entry: ProcessEntry): boolean {
    return this.#core.isKept(entry.id, entry.onExit);
  }

  // --- capabilities given by others -----------------------------------------------------------------------------------

  /** Adds capabilities to any entry; false when there is no such entry (K66). */
  grant(holder: ProcessId, capabilities: readonly AddedCapability[]): boolean {
    const entry = this.#core.table.find(holder);
    if (entry === undefined) return false;
    const usable = capabilities.filter((capability) => this.#isUsable(holder, capability));
    for (const capability of usable) entry.withdrawn?.delete(capabilityKey(capability));
    this.#core.capabilitiesChanged(this.#core.capabilities.add(holder, usable));
    return true;
  }

  /** Takes capabilities away for good: until they are granted again, the process cannot save them either. */
  revoke(holder: ProcessId, capabilities: readonly Capability[]): void {
    const entry = this.#core.table.find(holder);
    if (entry === undefined) return;
    entry.withdrawn ??= new Set();
    for (const capability of capabilities) entry.withdrawn.add(capabilityKey(capability));
    this.#core.capabilitiesChanged(this.#core.capabilities.drop(holder, capabilities));
  }

  // W31: texts that are not JSON would all be the same capability.
  #isUsable(holder: ProcessId, capability: Capability): boolean {
    if (isJson(capability.params)) return true;
    this.#core.lines.kernelBounded(
      1,
      () =>
        `Did not give ${holder} the capability ${JSON.stringify(capability.params)}: not JSON text`,
    );
    return false;
  }

  // --- starting -----------------------------------------------------------------------------------------------------

  runAll(): void {
    for (const entry of this.#core.table.processes()) void this.run(entry);
  }

  /** Starts a registered process; settles with the reason when it could not start. One that runs is left alone. */
  async run(entry: ProcessEntry): Promise<string | undefined> {
    if (entry.state !== "initialized") return undefined;
    return await this.#start(entry);
  }

  async #start(entry: ProcessEntry): Promise<string | undefined> {
    entry.state = "starting";
    let program: Program;
    try {
      program = await this.#prepare(entry);
    } catch (thrown) {
      const reason = errorText(thrown);
      if (isStarting(entry)) this.#crashed(entry, reason, "", 0);
      return reason;
    }
    // Many that start at once must not hold up those that run.
    if (isStarting(entry))
      await new Promise<void>((launch) => this.#core.scheduler.start(launch, entry.cpu));
    if (!isStarting(entry)) return "It was killed before it started";
    // One that was put in its place meanwhile is newer.
    entry.program ??= program;
    try {
      this.#launch(entry, entry.program);
    } catch (thrown) {
      // An executor never throws here; if one does, it costs that process and not the node.
      const reason = errorText(thrown);
      this.#crashed(entry, reason, "", 0);
      return reason;
    }
    return undefined;
  }

  async #prepare(entry: ProcessEntry): Promise<Program> {
    if (entry.program !== undefined) return entry.program;
    const bytes = entry.bytes;
    entry.bytes = undefined;
    return await this.#compile(entry.wasmBytesHandle, bytes);
  }

  async #compile(handle: string, given?: Uint8Array): Promise<Program> {
    const { programs, executors } = this.#core.powers;
    const bytes = given ?? (await programs.read(handle));
    if (bytes === undefined) throw new Error(`there is no file ${handle}`);
    const source = { handle, bytes };
    const executor = executors.find((candidate) => candidate.accepts(source));
    if (executor === undefined) {
      throw new Error(`${handle} is neither a WebAssembly component nor a script`);
    }
    return await executor.prepare(source);
  }

  // --- replacing ----------------------------------------------------------------------------------------------------

  /**
   * Puts the program that its file holds now in the place of the one that runs. Mailbox, outstanding requests and their
   * contexts, kept state, capabilities and children stay; on-exit is not carried out. A message in hand may be finished first.
   * @returns why it could not be replaced; then the old program runs on
   */
  async replace(entry: ProcessEntry): Promise<string | undefined> {
    let program: Program;
    try {
      program = await this.#compile(entry.wasmBytesHandle);
    } catch (thrown) {
      return errorText(thrown);
    }
    if (entry.state === "ended") return "It ended before it could be replaced";
    entry.bytes = undefined;
    entry.program = program;
    if (entry.state === "restarting") {
      this.#backoff.forget(entry.id);
      this.#core.timers.cancel(entry.restartTimer!);
      entry.restartTimer = undefined;
      return await this.#start(entry);
    }
    const { host } = entry;
    if (entry.state !== "running" || host === undefined) return undefined;
    await this.#whenAtRest(host, () => {
      if (entry.host === host && entry.program === program) this.#succeed(entry, host, program);
    });
    return undefined;
  }

  /**
   * Acts when the process has no message in hand, or has had one for too long. At once when told so: a turn later it might
   * have taken the next message.
   */
  #whenAtRest(host: KernelProcessHost, act: () => void): Promise<void> {
    const { timers, scheduler, limits } = this.#core;
    return new Promise((resolve) => {
      const finish = (): void => {
        timers.cancel(timer);
        host.whenAtRest(undefined);
        act();
        resolve();
      };
      const timer: TimerNode = {
        timerNext: undefined,
        timerPrevious: undefined,
        timerDeadlineMs: 0,
        fire: finish,
      };
      timers.set(timer, scheduler.nowMs() + limits.replaceWaitMs);
      host.whenAtRest(finish);
    });
  }

  #succeed(entry: ProcessEntry, older: KernelProcessHost, program: Program): void {
    const { running } = entry;
    entry.running = undefined;
    const host = new KernelProcessHost(this.#core, entry);
    older.handOver(host);
    running?.kill();
    try {
      this.#launch(entry, program, host);
    } catch (thrown) {
      this.#crashed(entry, errorText(thrown), "", 0);
    }
  }

  #launch(
    entry: ProcessEntry,
    program: Program,
    host: KernelProcessHost = new KernelProcessHost(this.#core, entry),
  ): void {
    const { limits, scheduler } = this.#core;
    entry.host = host;
    entry.state = "running";
    this.#startedMs.set(host, scheduler.nowMs());
    const running = program.start(host, {
      maxMemoryBytes: limits.maxProcessMemoryBytes,
      fuelPerCheck: limits.fuelPerCheck,
    });
    if (host.killed) {
      running.kill();
      return;
    }
    entry.running = running;
    this.#core.emit({ kind: "process-started", process: entry.id });
    void running.ended.then((ending) => this.#ended(entry, host, ending));
  }

  // --- ending -------------------------------------------------------------------------------------------------------

  #ended(entry: ProcessEntry, host: KernelProcessHost, ending: Ending): void {
    if (host.killed || entry.host !== host) return;
    const uptimeMs = this.#core.scheduler.nowMs() - this.#startedMs.get(host)!;
    if (ending.kind === "returned") {
      this.#core.lines.about(entry, 1, () => `${entry.id} returned`);
      this.#exit(entry, undefined, uptimeMs);
    } else {
      const trapped = ending.kind === "trapped";
      this.#crashed(
        entry,
        trapped ? ending.reason : "killed",
        trapped ? ending.stderr : "",
        uptimeMs,
      );
    }
  }

  #crashed(entry: ProcessEntry, reason: string, stderr: string, uptimeMs: number): void {
    const said = stderr.trimEnd();
    // Bounded for all together: a parent can make children that crash as fast as it likes.
    this.#core.lines.kernelBounded(0, () =>
      said === "" ? `${entry.id} ended: ${reason}` : `${entry.id} ended: ${reason}\n${said}`,
    );
    this.#exit(entry, reason, uptimeMs);
  }

  /** Carries out the on-exit setting (§3.11.3). */
  #exit(entry: ProcessEntry, reason: string | undefined, uptimeMs: number): void {
    const { onExit } = entry;
    this.#core.lines.about(entry, 1, () => `on-exit of ${entry.id}: ${onExit.kind}`);
    if (onExit.kind === "restart") {
      this.#restart(entry, reason, uptimeMs);
      return;
    }
    if (onExit.kind === "requests") this.sendOnExit(entry, onExit.requests);
    this.#remove(entry, true, reason);
  }

  /** Sends the on-exit requests through the ordinary checks, with the capabilities the process may attach (W7). */
  sendOnExit(entry: ProcessEntry, requests: readonly OnExitRequest[]): void {
    const { our, router, capabilities, freshId, limits } = this.#core;
    for (const { target, request, blob } of requests) {
      const message: KernelMessage = {
        id: freshId(),
        source: entry.address,
        target: target.node === "our" ? { node: our, process: target.process } : target,
        rsvp: undefined,
        message: {
          ...request,
          inherit: false,
          expectsResponse: undefined,
          capabilities: capabilities.filter(entry.id, request.capabilities),
        },
        blob,
      };
      if (messageBytes(message) <= limits.maxMessageBytes)
        router.fromProcess(entry, message, false);
    }
  }

  #restart(entry: ProcessEntry, reason: string | undefined, uptimeMs: number): void {
    const { timers, scheduler, lines } = this.#core;
    const delayMs = this.#backoff.delayMs(entry.id, uptimeMs);
    this.#stop(entry);
    entry.state = "restarting";
    this.#tellEnded(entry.id, reason);
    if (delayMs === 0) {
      void this.#start(entry);
      return;
    }
    lines.about(entry, 1, () => `${entry.id} restarts in ${delayMs / 1_000} s`);
    entry.restartTimer = {
      timerNext: undefined,
      timerPrevious: undefined,
      timerDeadlineMs: 0,
      fire: () => {
        entry.restartTimer = undefined;
        if (entry.state === "restarting") void this.#start(entry);
      },
    };
    timers.set(entry.restartTimer, scheduler.nowMs() + delayMs);
  }

  /** Ends a process by command: its on-exit is not honoured. */
  kill(entry: ProcessEntry, revoke: boolean): void {
    this.#backoff.forget(entry.id);
    this.#remove(entry, revoke, "killed");
  }

  #remove(entry: ProcessEntry, revoke: boolean, reason: string | undefined): void {
    const { table, capabilities, journal } = this.#core;
    const kept = this.#isKept(entry);
    const ran = entry.state !== "initialized";
    table.delete(entry);
    entry.state = "ended";
    this.#stop(entry);
    if (entry.parent !== undefined) entry.parent.childrenCount--;
    entry.parent = undefined;
    capabilities.remove(entry.id);
    if (kept) journal.append([{ kind: "delete-process", id: entry.id }]);
    if (revoke) this.#core.capabilitiesChanged(capabilities.revokeIssuedBy(entry.id));
    if (ran) this.#tellEnded(entry.id, reason);
  }

  /** Stops the fiber and lets go of everything that belongs to one run. */
  #stop(entry: ProcessEntry): void {
    if (entry.restartTimer !== undefined) this.#core.timers.cancel(entry.restartTimer);
    entry.restartTimer = undefined;
    const { running, host } = entry;
    entry.running = undefined;
    entry.host = undefined;
    entry.bytes = undefined;
    if (host === undefined) entry.mailbox!.close();
    else host.close();
    running?.kill();
  }

  /** Ends everything without on-exit, at the end of the node; entries stay so that they start at the next boot. */
  stopAll(): void {
    for (const entry of this.#core.table.processes()) {
      entry.state = "ended";
      this.#stop(entry);
    }
  }

  #tellEnded(process: ProcessId, reason: string | undefined): void {
    for (const module of this.#core.powers.modules) {
      try {
        module.processEnded?.(process);
      } catch (thrown) {
        this.#core.lines.kernel(0, `${module.id} failed: ${errorText(thrown)}`);
      }
    }
    this.#core.emit({ kind: "process-ended", process, reason });
  }
}

function isStarting(entry: ProcessEntry): boolean {
  return entry.state === "starting";
}
