/**
 * What the node remembers about packages and decisions, in the store's named records.
 *
 * | space        | key                    | value (JSON)                                             |
 * | ------------ | ---------------------- | -------------------------------------------------------- |
 * | `packages`   | package id             | `PackageRecord`                                          |
 * | `withdrawn`  | grant key              | `ControlGrantChange`: refused or taken back by the person |
 * | `audit`      | time and count, sorted | `AuditRecord`                                            |
 * | `installing` | package id             | `InstallJournal` (install-journal.ts), only during an installation |
 * @module
 */
import type { CapabilityGrant } from "@kinode-ts/kernel";
import type { Package } from "@kinode-ts/kit";
import type {
  Clock,
  ControlGrantChange,
  NodeId,
  PackageId,
  ProcessId,
  Store,
  StoreChange,
} from "@kinode-ts/types";
import { decidableGrants, grantFromText, grantKey, grantToText, processIdOf } from "./grants.ts";

export interface PackageRecord {
  readonly id: PackageId;
  readonly name: string;
  readonly description: string;
  /** Address or data URL, or null. */
  readonly image: string | null;
  readonly version: string;
  /** SHA-256 of the zip, hex. */
  readonly versionHash: string;
  readonly manifestHash: string;
  readonly witVersion: number | null;
  readonly processes: readonly ProcessId[];
  /** All the manifest asks for, approved or not. */
  readonly requested: readonly ControlGrantChange[];
  /** Version hashes whose zips are kept, newest first, this one included. */
  readonly kept: readonly string[];
  /** Milliseconds since 1970. */
  readonly installedAtMs: number;
}

export interface AuditRecord {
  readonly atMs: number;
  readonly action: "install" | "update" | "uninstall" | "grant" | "revoke" | "deny";
  /** A package id, or the holder of a capability. */
  readonly subject: string;
  readonly detail: string;
  /** Who decided. */
  readonly by: "person" | "release" | "start --package";
}

const PACKAGES = "packages";
const WITHDRAWN = "withdrawn";
const AUDIT = "audit";

/** Zips of one package that are kept for going back, the installed one included. */
const KEPT_COUNT = 3;

export function recordOf(
  pkg: Package,
  our: NodeId,
  nowMs: number,
  previous: PackageRecord | undefined,
): PackageRecord {
  const { metadata } = pkg;
  const kept = [...new Set([pkg.versionHash, ...(previous?.kept ?? [])])].slice(0, KEPT_COUNT);
  return {
    id: pkg.id,
    name: metadata.name ?? metadata.packageName,
    description: metadata.description ?? "",
    image: metadata.image ?? null,
    version: metadata.version,
    versionHash: pkg.versionHash,
    manifestHash: pkg.manifestHash,
    witVersion: metadata.witVersion ?? null,
    processes: pkg.processes.map((entry) => processIdOf(entry, pkg.id)),
    requested: decidableGrants(pkg, our).map(grantToText),
    kept,
    installedAtMs: nowMs,
  };
}

const put = (space: string, key: string, value: unknown): StoreChange => ({
  kind: "put-record",
  space,
  key,
  value: JSON.stringify(value),
});

/** The records in memory; each change function returns the store changes that make it last. */
export class PackageRecords {
  readonly #packages = new Map<PackageId, PackageRecord>();
  readonly #withdrawn = new Map<string, CapabilityGrant>();
  readonly #clock: Clock;
  #auditCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async load(store: Pick<Store, "records">): Promise<void> {
    for (const { value } of await store.records(PACKAGES)) {
      const record = JSON.parse(value) as PackageRecord;
      this.#packages.set(record.id, record);
    }
    for (const { key, value } of await store.records(WITHDRAWN)) {
      this.#withdrawn.set(key, grantFromText(JSON.parse(value) as ControlGrantChange));
    }
  }

  list(): readonly PackageRecord[] {
    return [...this.#packages.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  get(id: string): PackageRecord | undefined {
    return this.#packages.get(id as PackageId);
  }

  withdrawn(): readonly CapabilityGrant[] {
    return [...this.#withdrawn.values()];
  }

  isWithdrawn(grant: CapabilityGrant): boolean {
    return this.#withdrawn.has(grantKey(grant));
  }

  put(record: PackageRecord): StoreChange {
    this.#packages.set(record.id, record);
    return put(PACKAGES, record.id, record);
  }

  remove(id: PackageId): StoreChange {
    this.#packages.delete(id);
    return { kind: "delete-record", space: PACKAGES, key: id };
  }

  /** The state to come back to when the changes that were made since are not committed. */
  snapshot(): () => void {
    const packages = new Map(this.#packages);
    const withdrawn = new Map(this.#withdrawn);
    return () => {
      this.#packages.clear();
      this.#withdrawn.clear();
      for (const [id, record] of packages) this.#packages.set(id, record);
      for (const [key, grant] of withdrawn) this.#withdrawn.set(key, grant);
    };
  }

  withdraw(grant: CapabilityGrant): StoreChange {
    const key = grantKey(grant);
    this.#withdrawn.set(key, grant);
    return put(WITHDRAWN, key, grantToText(grant));
  }

  giveBack(grant: CapabilityGrant): StoreChange {
    const key = grantKey(grant);
    this.#withdrawn.delete(key);
    return { kind: "delete-record", space: WITHDRAWN, key };
  }

  audit(line: Omit<AuditRecord, "atMs">): StoreChange {
    const atMs = this.#clock.nowMs();
    this.#auditCount += 1;
    const key = `${String(Math.trunc(atMs)).padStart(15, "0")}-${String(this.#auditCount).padStart(8, "0")}`;
    return put(AUDIT, key, { atMs, ...line });
  }
}
