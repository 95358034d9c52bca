/**
 * An entry of the process table as tools and pages show it.
 * @module
 */
import type { ProcessInfo } from "./contract.ts";
import type { ProcessEntry, ProcessState } from "./process-entry.ts";
import { withoutSignatures } from "./received-capabilities.ts";

const SHOWN_STATE: Readonly<Record<ProcessState, ProcessInfo["state"]>> = {
  module: "module",
  initialized: "initialized",
  starting: "initialized",
  running: "running",
  restarting: "restarting",
  ended: "initialized",
};

export function processInfo(entry: ProcessEntry): ProcessInfo {
  const { mailbox } = entry;
  return {
    id: entry.id,
    wasmBytesHandle: entry.wasmBytesHandle,
    witVersion: entry.witVersion,
    onExit: entry.onExit,
    public: entry.public,
    state: SHOWN_STATE[entry.state],
    capabilities: withoutSignatures(entry.holder.list()),
    mailboxCount: mailbox?.count ?? 0,
    mailboxBytes: mailbox?.bytes ?? 0,
    refusedCount: mailbox?.refusedCount ?? 0,
    usage: entry.running?.usage(),
    cpuLimit: { shares: entry.cpu.shares, burstMs: entry.cpu.burstMs },
  };
}
