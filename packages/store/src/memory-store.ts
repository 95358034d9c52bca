/**
 * The store in memory: the twin of the SQLite store for tests, and for nodes that are to forget.
 * @module
 */
import type {
  HeldCapability,
  ProcessId,
  ProcessRecord,
  Store,
  StoreChange,
} from "@kinode-ts/types";
import { refuseChange } from "./errors.ts";
import { Gate } from "./gate.ts";

/** What the store holds; handed to another store it survives a "restart" in tests. */
export interface MemoryStoreData {
  readonly processes: Map<ProcessId, ProcessRecord>;
  /** By holder, then by key. */
  readonly capabilities: Map<ProcessId, Map<string, HeldCapability>>;
  readonly states: Map<ProcessId, Uint8Array>;
  readonly records: Map<string, Map<string, string>>;
  /** Copies made by `backup`, by destination. */
  readonly backups: Map<string, MemoryStoreData>;
}

export function createMemoryStoreData(): MemoryStoreData {
  return {
    processes: new Map(),
    capabilities: new Map(),
    states: new Map(),
    records: new Map(),
    backups: new Map(),
  };
}

/** @param data - kept and changed; give the same object again to reopen */
export function createMemoryStore(data: MemoryStoreData = createMemoryStoreData()): Store {
  const gate = new Gate();
  const guarded = <T>(work: () => T): Promise<T> => gate.pass(work);
  return {
    processes: () => guarded(() => [...data.processes.values()]),
    capabilities: () =>
      guarded(() => [...data.capabilities.values()].flatMap((held) => [...held.values()])),
    state: (process) => guarded(() => data.states.get(process)?.slice()),
    stateIds: () => guarded(() => [...data.states.keys()]),
    records: (space) =>
      guarded(() =>
        [...(data.records.get(space) ?? [])]
          .map(([key, value]) => ({ key, value }))
          .sort((a, b) => compareUtf8(a.key, b.key)),
      ),
    record: (space, key) => guarded(() => data.records.get(space)?.get(key)),
    commit: (changes) =>
      guarded(() => {
        for (const change of changes) assertKnown(change);
        for (const change of changes) apply(data, change);
      }),
    backup: (destination) =>
      guarded(() => {
        data.backups.set(destination, copy(data));
      }),
    [Symbol.asyncDispose]() {
      gate.close();
      return Promise.resolve();
    },
  };
}

const KINDS: ReadonlySet<string> = new Set<StoreChange["kind"]>([
  "put-process",
  "delete-process",
  "put-capability",
  "delete-capability",
  "put-state",
  "delete-state",
  "put-record",
  "delete-record",
]);

/** A batch is looked through before any of it is applied: there is no rollback here. */
function assertKnown(change: StoreChange): void {
  if (!KINDS.has(change.kind)) refuseChange(change as never);
}

/** Order of the UTF-8 bytes, as the database sorts; JavaScript's own order differs above U+FFFF. */
function compareUtf8(a: string, b: string): number {
  const encoder = new TextEncoder();
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at < 0 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
}

function inner<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let found = map.get(key);
  if (found === undefined) map.set(key, (found = new Map()));
  return found;
}

function apply(data: MemoryStoreData, change: StoreChange): void {
  switch (change.kind) {
    case "put-process":
      data.processes.set(change.record.id, change.record);
      return;
    case "delete-process":
      data.processes.delete(change.id);
      data.capabilities.delete(change.id);
      return;
    case "put-capability":
      inner(data.capabilities, change.capability.holder).set(
        change.capability.key,
        change.capability,
      );
      return;
    case "delete-capability":
      data.capabilities.get(change.holder)?.delete(change.key);
      return;
    case "put-state":
      data.states.set(change.process, change.bytes.slice());
      return;
    case "delete-state":
      data.states.delete(change.process);
      return;
    case "put-record":
      inner(data.records, change.space).set(change.key, change.value);
      return;
    case "delete-record":
      data.records.get(change.space)?.delete(change.key);
      return;
    default:
      refuseChange(change);
  }
}

function copy(data: MemoryStoreData): MemoryStoreData {
  const maps = <K, L, V>(map: Map<K, Map<L, V>>) =>
    new Map([...map].map(([key, value]) => [key, new Map(value)]));
  return {
    processes: new Map(data.processes),
    capabilities: maps(data.capabilities),
    states: new Map(data.states),
    records: maps(data.records),
    backups: new Map(),
  };
}
