/**
 * Puts the parts of a kernel together.
 * @module
 */
import { createCapabilityTables } from "@kinode-ts/caps";
import { errorText, type ProcessId, type StoreChange } from "@kinode-ts/types";
import { Asks } from "./asks.ts";
import { boot, resign } from "./boot.ts";
import { CommandHandler } from "./command-handler.ts";
import type {
  Kernel,
  KernelEvent,
  KernelOptions,
  KernelPowers,
  ProcessRegistration,
} from "./contract.ts";
import type { KernelCore } from "./core.ts";
import { CpuLimits } from "./cpu-limits.ts";
import type { CpuLimit } from "./cpu-share.ts";
import { describeCapabilities } from "./event-text.ts";
import { Journal } from "./journal.ts";
import { DEFAULT_KERNEL_LIMITS } from "./limits.ts";
import { Lines } from "./lines.ts";
import { createIdSource } from "./message-ids.ts";
import { ModuleQueue } from "./module-queue.ts";
import { Observer } from "./observer.ts";
import type { ProcessEntry } from "./process-entry.ts";
import { processInfo } from "./process-info.ts";
import { ProcessTable } from "./process-table.ts";
import { Router } from "./router.ts";
import { Scheduler } from "./scheduler.ts";
import { Supervisor } from "./supervisor.ts";
import { TimerWheel } from "./timer-wheel.ts";

/** A kernel that has loaded and started nothing yet: call `boot`. */
export function createKernel(powers: KernelPowers, options: KernelOptions): Kernel {
  const listeners = new Set<(event: KernelEvent) => void>();
  let finishShutdown: () => void = () => {};
  const stopped = new Promise<void>((resolve) => (finishShutdown = resolve));
  let ending: Promise<void> | undefined;
  const shutdown = (): Promise<void> => (ending ??= endNode(core).finally(finishShutdown));
  const core = createCore(powers, options, listeners, () => {
    // The end of the node ends the command that asked for it first.
    queueMicrotask(() => void shutdown());
  });
  const { table, supervisor, journal } = core;

  return Object.freeze<Kernel>({
    our: core.our,
    boot: () => boot(core),
    shutdown,
    stopped,
    inject: (message) => core.router.inject(message),
    ask: (question) => core.asks.ask(question),
    processes: () => [...table.entries()].map(processInfo),
    process: (id) => {
      const entry = table.find(id);
      return entry === undefined ? undefined : processInfo(entry);
    },
    capabilitiesOf: (id) => table.find(id)?.holder.list() ?? [],
    register: (registrations) => register(core, registrations),
    run: (ids) => forEachProcess(core, ids, (entry) => supervisor.run(entry)),
    replace: (ids) => forEachProcess(core, ids, (entry) => supervisor.replace(entry)),
    kill: async (id, killing) => {
      const entry = findProcess(core, id);
      if (entry === undefined) return false;
      supervisor.kill(entry, killing?.keepGrants !== true);
      await journal.settled();
      return true;
    },
    setCpuLimit: (id, limit) => setCpuLimit(core, id, limit),
    grant: async (grants) => {
      for (const { holder, capability } of grants) supervisor.grant(holder, [capability]);
      await journal.settled();
    },
    revoke: async (grants) => {
      for (const { holder, capability } of grants) supervisor.revoke(holder, [capability]);
      await journal.settled();
    },
    resign: () => resign(core),
    commit: (changes) => journal.commit(changes),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    debug: core.observer,
  });
}

function createCore(
  powers: KernelPowers,
  options: KernelOptions,
  listeners: ReadonlySet<(event: KernelEvent) => void>,
  shutdown: () => void,
): KernelCore {
  const { our } = options;
  const limits = { ...DEFAULT_KERNEL_LIMITS, ...options.limits };
  const scheduler = new Scheduler(powers.clock, limits.sliceMs, limits.computeSliceMs);
  const timers = new TimerWheel(powers.clock);
  const lines = new Lines(powers.printer, scheduler, timers, limits);
  const say = (text: string): void => lines.kernel(0, text);
  const table = new ProcessTable();
  const observer = new Observer(our, lines);
  observer.setEventPrinting(options.eventPrinting ?? false);

  function emit(event: KernelEvent): void {
    for (const listener of listeners) {
      try {
        listener(event);
      } catch (thrown) {
        say(`A listener to kernel events failed: ${errorText(thrown)}`);
      }
    }
  }

  // The parts know each other through this record; each reads it only once all are there.
  const core = {
    our,
    limits,
    powers,
    options,
    scheduler,
    timers,
    lines,
    cpuLimits: new CpuLimits(),
    table,
    observer,
    shutdown,
    emit,
    freshId: createIdSource(powers.random),
    capabilities: createCapabilityTables({ our, signer: powers.signer }),
    journal: new Journal(powers.store, powers.clock, say),
    isKept: (id: ProcessId, onExit: { readonly kind: string }) =>
      onExit.kind !== "none" || options.bundled?.(id) === true,
    capabilitiesChanged: (changes: readonly StoreChange[]) => noteChanges(core, changes),
  } as { -readonly [K in keyof KernelCore]: KernelCore[K] };
  core.supervisor = new Supervisor(core);
  core.router = new Router(core, new ModuleQueue(say), new CommandHandler(core));
  core.asks = new Asks(core);
  return core;
}

/** Rows of processes that are not kept on disk stay in memory. */
function noteChanges(core: KernelCore, changes: readonly StoreChange[]): void {
  const holders = new Set<ProcessId>();
  for (const change of changes) {
    const put = change.kind === "put-capability";
    if (!put && change.kind !== "delete-capability") continue;
    const holder = put ? change.capability.holder : change.holder;
    const entry = core.table.find(holder);
    if (entry === undefined) continue;
    holders.add(holder);
    if (core.isKept(entry.id, entry.onExit)) core.journal.append([change]);
    core.observer.capability(put ? "Add to" : "Drop from", holder, () =>
      put ? describeCapabilities([change.capability]) : change.key,
    );
  }
  for (const process of holders) core.emit({ kind: "capabilities-changed", process });
}

async function setCpuLimit(
  core: KernelCore,
  id: ProcessId,
  limit: CpuLimit | undefined,
): Promise<void> {
  core.journal.append([core.cpuLimits.set(id, limit)]);
  const entry = findProcess(core, id);
  if (entry !== undefined) Object.assign(entry.cpu, core.cpuLimits.of(id));
  await core.journal.settled();
}

function findProcess(core: KernelCore, id: ProcessId): ProcessEntry | undefined {
  const entry = core.table.find(id);
  return entry?.role === "process" ? entry : undefined;
}

/** One that exists gives way: it is ended, and what others hold of it stays. */
async function register(
  core: KernelCore,
  registrations: readonly ProcessRegistration[],
): Promise<void> {
  const { supervisor, journal, table, limits } = core;
  for (const { id } of registrations) {
    if (table.find(id) !== undefined && findProcess(core, id) === undefined) {
      throw new TypeError(`Cannot register "${id}": it is part of the node`);
    }
  }
  const fresh = registrations.filter(({ id }) => table.find(id) === undefined).length;
  if (table.processCount + fresh > limits.maxProcessCount) {
    throw new RangeError(
      `Cannot register ${registrations.length} processes: the node's limit is ${limits.maxProcessCount}`,
    );
  }
  for (const registration of registrations) {
    const known = findProcess(core, registration.id);
    if (known !== undefined) supervisor.kill(known, false);
    supervisor.initialize(registration);
  }
  await journal.settled();
}

/** Does something with several processes at once; says per process why it failed. */
async function forEachProcess(
  core: KernelCore,
  ids: readonly ProcessId[],
  act: (entry: ProcessEntry) => Promise<string | undefined>,
): Promise<ReadonlyMap<ProcessId, string | undefined>> {
  const outcomes = await Promise.all(
    ids.map(async (id): Promise<[ProcessId, string | undefined]> => {
      const entry = findProcess(core, id);
      return [id, entry === undefined ? "There is no such process" : await act(entry)];
    }),
  );
  return new Map(outcomes);
}

/** On-exit None entries do not come back; everything else is on disk before the modules stop (K94, W11). */
async function endNode(core: KernelCore): Promise<void> {
  const { table, supervisor, journal, asks, timers, powers, lines } = core;
  const passing = table.processes().filter((entry) => !core.isKept(entry.id, entry.onExit));
  supervisor.stopAll();
  journal.append(passing.map(({ id }) => ({ kind: "delete-process", id })));
  asks.close();
  timers.clear();
  try {
    await journal.settled();
    for (const module of [...powers.modules].reverse()) await module.stop?.();
    await journal.settled();
  } catch (thrown) {
    lines.kernel(0, `The node did not end cleanly: ${errorText(thrown)}`);
  }
  journal.close();
}
