/**
 * From stored rows to a running node.
 * Source: spec/kernel.md §6.3 steps 5–9, §6.4, §5.7; W3, W15, W32.
 * @module
 */
import type { AddedCapability } from "@kinode-ts/caps";
import {
  isNameSafeProcessId,
  KERNEL_PROCESS,
  messagingCapability,
  NET_PROCESS,
  networkCapability,
  type ProcessId,
  type ProcessRecord,
  type RuntimeModule,
  type StoreChange,
  STATE_PROCESS,
  VFS_PROCESS,
} from "@kinode-ts/types";
import type { KernelCore } from "./core.ts";
import { CPU_LIMITS_SPACE } from "./cpu-limits.ts";
import { createModuleContext } from "./module-context.ts";
import { ProcessEntry } from "./process-entry.ts";

/** Runtime modules are recorded with the newest interface version. */
const WIT_VERSION = 1;
const EXEMPT: ReadonlySet<ProcessId> = new Set([KERNEL_PROCESS, STATE_PROCESS, VFS_PROCESS]);
/** Where the kernel notes with which key its capabilities were signed. */
const KEY_SPACE = "kernel";
const KEY_NAME = "public-key";

/** Loads, starts the modules, then the processes; settles when every process has been told to run. */
export async function boot(core: KernelCore): Promise<void> {
  await loadCapabilities(core);
  core.cpuLimits.load(await core.powers.store.records(CPU_LIMITS_SPACE));
  const records = await core.powers.store.processes();
  provideModules(core, new Set(records.map(({ id }) => id)));
  for (const record of records) loadProcess(core, record);
  await startModules(core);
  await readPrograms(core);
  sendOnExitOfTheLastRun(core);
  await core.journal.settled();
  core.supervisor.runAll();
}

/** After a change of the networking key every capability of ours is signed again (K89). */
async function loadCapabilities(core: KernelCore): Promise<void> {
  const { store, signer } = core.powers;
  core.capabilities.load(await store.capabilities());
  if ((await store.record(KEY_SPACE, KEY_NAME)) === signer.publicKey.toHex()) return;
  core.journal.append([...core.capabilities.resign(), keyRow(core)]);
}

const keyRow = ({ powers: { signer } }: KernelCore): StoreChange => ({
  kind: "put-record",
  space: KEY_SPACE,
  key: KEY_NAME,
  value: signer.publicKey.toHex(),
});

/** As at the start with another key, while processes run. */
export async function resign(core: KernelCore): Promise<void> {
  core.capabilitiesChanged(core.capabilities.resign());
  core.journal.append([keyRow(core)]);
  await core.journal.settled();
}

/** The kernel, net and every module: each may message all of them and use the network (§5.7). */
function provideModules(core: KernelCore, known: ReadonlySet<ProcessId>): void {
  const { powers, our, table } = core;
  const modules = new Map<ProcessId, RuntimeModule | undefined>([
    [KERNEL_PROCESS, undefined],
    [NET_PROCESS, undefined],
  ]);
  for (const module of powers.modules) modules.set(module.id, module);
  const given: AddedCapability[] = [...modules.keys()].map((id) => messagingCapability(our, id));
  given.push(networkCapability(our));
  for (const [id, module] of modules) {
    const record: ProcessRecord = {
      id,
      wasmBytesHandle: "",
      witVersion: WIT_VERSION,
      onExit: { kind: "restart" },
      public: module?.public ?? false,
    };
    table.add(
      new ProcessEntry({
        record,
        address: { node: our, process: id },
        role: id === KERNEL_PROCESS ? "kernel" : "module",
        holder: core.capabilities.provide(id),
        module,
        exempt: EXEMPT.has(id),
        mailbox: undefined,
      }),
    );
    if (!known.has(id)) core.journal.append([{ kind: "put-process", record }]);
    core.capabilitiesChanged(core.capabilities.add(id, given));
  }
}

/** Puts a stored process into the table, or drops the row where the node would not run it. */
function loadProcess(core: KernelCore, record: ProcessRecord): void {
  const { id, onExit } = record;
  if (core.table.find(id) !== undefined) return;
  const isModule = record.wasmBytesHandle === "";
  if (isModule || !isNameSafeProcessId(id) || !core.isKept(id, onExit)) {
    core.capabilities.remove(id);
    core.journal.append([{ kind: "delete-process", id }]);
    return;
  }
  core.supervisor.provideEntry(record);
}

async function startModules(core: KernelCore): Promise<void> {
  core.powers.network.connect({
    received: (message) => core.router.received(message),
    failed: (message, kind) => core.router.failed(message, kind),
    awaited: (node) => core.router.awaited(node),
  });
  for (const module of core.powers.modules) {
    const entry = core.table.find(module.id)!;
    await module.start?.(createModuleContext(core, entry));
  }
}

/** A process whose file is gone is reported and removed; the others start (K90). */
async function readPrograms(core: KernelCore): Promise<void> {
  const waiting = core.table.processes().filter(({ bytes }) => bytes === undefined);
  await Promise.all(
    waiting.map(async (entry) => {
      const bytes = await core.powers.programs.read(entry.wasmBytesHandle).catch(() => undefined);
      if (bytes !== undefined) {
        entry.bytes = bytes;
        return;
      }
      core.lines.kernel(
        0,
        `Cannot start ${entry.id}: its program ${entry.wasmBytesHandle} is missing`,
      );
      core.supervisor.kill(entry, true);
    }),
  );
}

/** Processes with on-exit requests ended with the node; their requests go out before they start again (K88). */
function sendOnExitOfTheLastRun(core: KernelCore): void {
  for (const entry of core.table.processes()) {
    if (entry.onExit.kind === "requests" && entry.state === "initialized") {
      core.supervisor.sendOnExit(entry, entry.onExit.requests);
    }
  }
}
