/**
 * What an installation in progress must be able to put back, on disk before anything is changed: if the node dies in
 * the middle, the next start finds this and restores the old version.
 * @module
 */
import { capabilityKey } from "@kinode-ts/caps";
import type { CapabilityGrant } from "@kinode-ts/kernel";
import type {
  ControlGrantChange,
  HeldCapability,
  PackageId,
  ProcessId,
  ProcessRecord,
  Store,
  StoreChange,
} from "@kinode-ts/types";
import type { VfsFiles } from "@kinode-ts/vfs";
import { grantFromText, grantKey, grantToText } from "./grants.ts";

const SPACE = "installing";

export interface InstallJournal {
  readonly id: PackageId;
  readonly hadOld: boolean;
  readonly newProcesses: readonly ProcessId[];
  /** Rows of the old processes, their bytes as hex. */
  readonly oldProcesses: string;
  readonly oldCapabilities: string;
  /** What the new version hands to others and they did not hold before. */
  readonly newGrants: readonly ControlGrantChange[];
}

/** JSON in which byte arrays survive. */
function toText(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    each instanceof Uint8Array
      ? { $hex: each.toHex() }
      : typeof each === "bigint"
        ? { $big: String(each) }
        : each,
  );
}

function fromText<T>(text: string): T {
  return JSON.parse(text, (_, each: unknown) => {
    const boxed = each as { $hex?: string; $big?: string } | null;
    if (typeof boxed?.$hex === "string") return Uint8Array.fromHex(boxed.$hex);
    return typeof boxed?.$big === "string" ? BigInt(boxed.$big) : each;
  }) as T;
}

/** Collects what must be put back, from the store's own rows. */
export async function createJournal(
  store: Store,
  plan: {
    readonly id: PackageId;
    readonly hadOld: boolean;
    readonly oldProcesses: readonly ProcessId[];
    readonly newProcesses: readonly ProcessId[];
    readonly grants: readonly CapabilityGrant[];
  },
): Promise<InstallJournal> {
  const [processes, capabilities] = await Promise.all([store.processes(), store.capabilities()]);
  const old = new Set(plan.oldProcesses);
  const held = new Set(capabilities.map((row) => `${row.holder}\n${row.key}`));
  return {
    id: plan.id,
    hadOld: plan.hadOld,
    newProcesses: plan.newProcesses,
    oldProcesses: toText(processes.filter((row) => old.has(row.id))),
    oldCapabilities: toText(capabilities.filter((row) => old.has(row.holder))),
    newGrants: plan.grants.filter((grant) => !held.has(grantKey(grant))).map(grantToText),
  };
}

export function journalChange(journal: InstallJournal): StoreChange {
  return { kind: "put-record", space: SPACE, key: journal.id, value: JSON.stringify(journal) };
}

export function endJournalChange(id: PackageId): StoreChange {
  return { kind: "delete-record", space: SPACE, key: id };
}

export interface PackageFolders {
  readonly current: string;
  readonly staged: string;
  readonly old: string;
}

/** VFS paths of a package's folders: the one in use, the one being filled, the one to go back to. */
export function foldersOf(id: PackageId): PackageFolders {
  return { current: `/${id}/pkg`, staged: `/${id}/pkg.new`, old: `/${id}/pkg.old` };
}

/** Puts the old folder back where it was. Harmless when nothing was moved yet. */
export async function restoreFolders(
  files: VfsFiles,
  id: PackageId,
  hadOld: boolean,
): Promise<void> {
  const folders = foldersOf(id);
  const isMoved = (await files.stat(folders.old)) !== undefined;
  if (isMoved || !hadOld) await files.remove(folders.current);
  if (isMoved) await files.rename(folders.old, folders.current);
  await files.remove(folders.staged);
}

function restoreChanges(journal: InstallJournal): StoreChange[] {
  const processes = fromText<ProcessRecord[]>(journal.oldProcesses);
  const capabilities = fromText<HeldCapability[]>(journal.oldCapabilities);
  return [
    ...journal.newProcesses.map((id): StoreChange => ({ kind: "delete-process", id })),
    ...journal.newGrants.map(grantFromText).map((grant): StoreChange => ({
      kind: "delete-capability",
      holder: grant.holder,
      key: capabilityKey(grant.capability),
    })),
    ...processes.map((record): StoreChange => ({ kind: "put-process", record })),
    ...capabilities.map((capability): StoreChange => ({ kind: "put-capability", capability })),
    endJournalChange(journal.id),
  ];
}

/**
 * Undoes installations that the end of the program interrupted. Before the kernel loads its processes.
 * @returns the packages concerned
 */
export async function recoverInstallations(store: Store, files: VfsFiles): Promise<PackageId[]> {
  const recovered: PackageId[] = [];
  for (const { value } of await store.records(SPACE)) {
    const journal = JSON.parse(value) as InstallJournal;
    // oxlint-disable-next-line no-await-in-loop -- one package after the other, each wholly
    await restoreFolders(files, journal.id, journal.hadOld);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await store.commit(restoreChanges(journal));
    recovered.push(journal.id);
  }
  return recovered;
}
