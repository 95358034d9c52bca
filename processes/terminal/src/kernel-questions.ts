/**
 * What scripts ask the kernel about processes.
 * @module
 */
import { request } from "@kinode-ts/stdlib";
import type { PersistedProcess, ProcessMap, ProcessUsage } from "@kinode-ts/stdlib/kernel-types";
import { KERNEL, kernelCommand } from "@kinode-ts/stdlib/kernel-types";

interface Answers {
  readonly ProcessMap: ProcessMap;
  readonly ProcessUsage: Readonly<Record<string, ProcessUsage | null>>;
  readonly Process: PersistedProcess | null;
}

async function debug(
  query: "ProcessMap" | "ProcessUsage" | { readonly Process: string },
): Promise<Answers> {
  const answer = await request(KERNEL, kernelCommand({ Debug: query }), { timeout: "60s" });
  return (answer.json() as { readonly Debug: Answers }).Debug;
}

/** All processes, the parts of the node among them. */
export async function processMap(): Promise<ProcessMap> {
  return (await debug("ProcessMap")).ProcessMap;
}

/** What programs use, by process id; the parts of the node are not in it. */
export async function processUsage(): Promise<Answers["ProcessUsage"]> {
  return (await debug("ProcessUsage")).ProcessUsage;
}

export async function findProcess(id: string): Promise<PersistedProcess | undefined> {
  return (await debug({ Process: id })).Process ?? undefined;
}

export function showTime(ms: number): string {
  return ms < 10_000 ? `${ms} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

export function showMemory(bytes: number): string {
  return `${Math.ceil(bytes / 1024)} KB`;
}
