/**
 * Installed packages and running processes, as the control interface shows them.
 * @module
 */
import type { Kernel, ProcessInfo } from "@kinode-ts/kernel";
import {
  type ControlApp,
  type ControlAppState,
  type ControlProcess,
  TERMINAL_PROCESS,
  packageOf,
  type ProcessId,
} from "@kinode-ts/types";
import type { PackageRecord } from "../packages/package-records.ts";
import type { ControlPowers } from "./control-powers.ts";

const HOMEPAGE = "homepage:homepage:sys" as ProcessId;
const HOMEPAGE_TIMEOUT_SECONDS = 2;

interface HomepageEntry {
  readonly id: string;
  readonly path: string | null;
  readonly label: string;
  readonly base64_icon: string | null;
}

/** What processes have put on the home page; nothing when it does not answer. */
async function homepageEntries(kernel: Kernel): Promise<readonly HomepageEntry[]> {
  if (kernel.process(HOMEPAGE)?.state !== "running") return [];
  const answer = await kernel.ask({
    source: TERMINAL_PROCESS,
    target: { node: kernel.our, process: HOMEPAGE },
    body: new TextEncoder().encode('"GetApps"'),
    timeoutSeconds: HOMEPAGE_TIMEOUT_SECONDS,
  });
  if (!answer.ok) return [];
  try {
    const { GetApps: apps } = JSON.parse(new TextDecoder().decode(answer.body)) as {
      GetApps?: readonly HomepageEntry[];
    };
    return apps ?? [];
  } catch {
    // The home page is a process like any other: what it says may be anything.
    return [];
  }
}

function stateOf(powers: ControlPowers, record: PackageRecord): ControlAppState {
  if (powers.uploads.isWaiting(record.id, record.versionHash)) return "update waits for approval";
  const states = record.processes.map((id) => powers.kernel.process(id)?.state);
  const running = states.filter((state) => state === "running").length;
  if (running === states.length) return "running";
  return running === 0 ? "stopped" : "partly running";
}

function showApp(
  powers: ControlPowers,
  record: PackageRecord,
  entries: readonly HomepageEntry[],
): ControlApp {
  const entry = entries.find(({ id }) => packageOf(id as ProcessId) === record.id);
  return {
    id: record.id,
    name: record.name,
    description: record.description,
    version: record.version,
    path: entry?.path ?? null,
    icon: entry?.base64_icon ?? (record.image?.startsWith("data:") ? record.image : null),
    bundled: powers.installer.isBundled(record.id),
    state: stateOf(powers, record),
    processes: record.processes,
    withdrawnCount: powers.permissions.withdrawnCount(new Set(record.processes)),
  };
}

export async function listApps(powers: ControlPowers): Promise<ControlApp[]> {
  const entries = await homepageEntries(powers.kernel);
  return powers.installer.records.list().map((record) => showApp(powers, record, entries));
}

function showProcess(info: ProcessInfo): ControlProcess {
  return {
    id: info.id,
    package: packageOf(info.id),
    state: info.state,
    onExit: info.onExit.kind,
    public: info.public,
    mailboxCount: info.mailboxCount,
    memoryBytes: info.usage?.memoryBytes ?? 0,
    cpuMs: info.usage?.cpuMs ?? 0,
    cpuShares: info.cpuLimit.shares,
    cpuBurstMs: info.cpuLimit.burstMs,
    capabilityCount: info.capabilities.length,
  };
}

export function listProcesses(powers: ControlPowers): ControlProcess[] {
  return powers.kernel
    .processes()
    .map((info) => {
      const shown = showProcess(info);
      const isMissing = powers.missingModules.has(info.id);
      return isMissing ? { ...shown, state: "missing module" as const } : shown;
    })
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
