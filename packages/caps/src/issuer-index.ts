/**
 * The reverse index: which holders have which capabilities of an issuer on this node.
 * Kept in step with the tables, so it is right after a restart as well (W15).
 * @module
 */
import type { ProcessId } from "@kinode-ts/types";

export class IssuerIndex {
  readonly #holders = new Map<ProcessId, Map<ProcessId, Set<string>>>();

  add(issuer: ProcessId, holder: ProcessId, key: string): void {
    let holders = this.#holders.get(issuer);
    if (holders === undefined) this.#holders.set(issuer, (holders = new Map()));
    const keys = holders.get(holder);
    if (keys === undefined) holders.set(holder, new Set([key]));
    else keys.add(key);
  }

  delete(issuer: ProcessId, holder: ProcessId, key: string): void {
    const holders = this.#holders.get(issuer);
    const keys = holders?.get(holder);
    if (holders === undefined || keys === undefined) return;
    keys.delete(key);
    if (keys.size === 0) holders.delete(holder);
    if (holders.size === 0) this.#holders.delete(issuer);
  }

  /** Removes and returns everything of one issuer. */
  take(issuer: ProcessId): [ProcessId, string[]][] {
    const holders = this.#holders.get(issuer);
    if (holders === undefined) return [];
    this.#holders.delete(issuer);
    return [...holders].map(([holder, keys]) => [holder, [...keys]]);
  }
}
