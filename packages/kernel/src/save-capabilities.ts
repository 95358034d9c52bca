/**
 * What a process may give itself.
 * Source: spec/kernel.md §5.5 rules (i)–(iii), W6, W13, W31.
 * @module
 */
import {
  type AddedCapability,
  capabilityKey,
  isJson,
  MAX_JSON_PARAMS_LENGTH,
} from "@kinode-ts/caps";
import type { Capability, StoreChange } from "@kinode-ts/types";
import type { KernelCore } from "./core.ts";
import type { KernelProcessHost } from "./process-host.ts";

/** Adds what the rules allow and silently ignores the rest; returns the rows that changed. */
export function saveCapabilities(
  core: KernelCore,
  host: KernelProcessHost,
  capabilities: readonly Capability[],
): StoreChange[] {
  const { entry } = host;
  const allowed = capabilities.flatMap((capability): AddedCapability[] => {
    if (capability.params.length > MAX_JSON_PARAMS_LENGTH) {
      core.lines.about(entry, 1, () => tooLong(entry.id, capability));
      return [];
    }
    if (!isJson(capability.params)) {
      core.lines.about(entry, 1, () => notJson(entry.id, capability));
      return [];
    }
    if (entry.withdrawn?.has(capabilityKey(capability)) === true) return [];
    const { node, process } = capability.issuer;
    if (process === entry.id && (node === core.our || node === "our")) {
      return [{ issuer: entry.address, params: capability.params }];
    }
    // A held one keeps its row; saving it again is no change.
    if (entry.holder.has(capability)) return [];
    const received = host.received.find(capability);
    return received === undefined ? [] : [received];
  });
  const room = core.limits.maxHeldCount - entry.holder.size;
  if (allowed.length > room) {
    core.lines.about(entry, 0, () => tooMany(entry.id, core.limits.maxHeldCount));
  }
  return core.capabilities.add(entry.id, allowed.slice(0, Math.max(0, room)));
}

function notJson(id: string, capability: Capability): string {
  return `${id} cannot save the capability ${JSON.stringify(capability.params)}: params must be JSON text`;
}

function tooLong(id: string, capability: Capability): string {
  return (
    `${id} cannot save a capability whose params have ${capability.params.length} characters: ` +
    `the limit is ${MAX_JSON_PARAMS_LENGTH}`
  );
}

function tooMany(id: string, bound: number): string {
  return `${id} cannot save more than ${bound} capabilities; drop some first`;
}
