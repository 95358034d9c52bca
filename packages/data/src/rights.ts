/**
 * Who may read and write which database. There is no shortcut for the owning package: each process opens for itself (§3.2).
 * Source: spec/runtime-modules.md §1.4, §3.2.
 * @module
 */
import { type Address, type Capability, packageOf, type ProcessId } from "@kinode-ts/types";
import type { DatabaseKey } from "./request.ts";

export type Right = "read" | "write";

/** What the rules need to know: who we are, and what processes hold. */
export interface RightsView {
  readonly address: Address;
  holds(process: ProcessId, capability: Capability): boolean;
}

/** Of keys that are read again and again. */
const made = new WeakMap<DatabaseKey, Map<Right, Capability>>();

export function databaseCapability(issuer: Address, right: Right, key: DatabaseKey): Capability {
  let rights = made.get(key);
  if (rights === undefined) made.set(key, (rights = new Map()));
  let capability = rights.get(right);
  if (capability?.issuer !== issuer) {
    const params = JSON.stringify({ kind: right, db_key: [key.wire, key.name] });
    rights.set(right, (capability = { issuer, params }));
  }
  return capability;
}

export function mayUse(
  view: RightsView,
  process: ProcessId,
  right: Right,
  key: DatabaseKey,
): boolean {
  return view.holds(process, databaseCapability(view.address, right, key));
}

/** `Open` and `RemoveDb` are for the processes of the owning package. */
export function owns(process: ProcessId, key: DatabaseKey): boolean {
  return packageOf(process) === key.packageId;
}
