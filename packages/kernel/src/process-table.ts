/**
 * All entries of the node by process id.
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";
import type { ProcessEntry } from "./process-entry.ts";

export class ProcessTable {
  readonly #entries = new Map<ProcessId, ProcessEntry>();
  /** Userspace processes, restarting ones included. */
  processCount = 0;

  find(id: ProcessId): ProcessEntry | undefined {
    return this.#entries.get(id);
  }

  add(entry: ProcessEntry): void {
    this.#entries.set(entry.id, entry);
    if (entry.role === "process") this.processCount++;
  }

  delete(entry: ProcessEntry): void {
    if (this.#entries.get(entry.id) !== entry) return;
    this.#entries.delete(entry.id);
    if (entry.role === "process") this.processCount--;
  }

  entries(): IterableIterator<ProcessEntry> {
    return this.#entries.values();
  }

  /** A copy, for walks during which entries end. */
  processes(): ProcessEntry[] {
    return [...this.#entries.values()].filter((entry) => entry.role === "process");
  }
}
