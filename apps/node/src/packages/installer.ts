/**
 * Installs, updates and removes packages. An operation happens wholly or not at all: until its one commit, any failure
 * puts the old version back, running and with the capabilities it had.
 * Source: spec/packages-and-tools.md §9 (with its "Must fix" list), §13.
 * @module
 */
import type { CapabilityGrant, Kernel, ProcessRegistration } from "@kinode-ts/kernel";
import type { Package } from "@kinode-ts/kit";
import {
  type Capability,
  type Clock,
  type Executor,
  errorText,
  KERNEL_PROCESS,
  type NodeId,
  type PackageId,
  packageOf,
  type Printer,
  type ProcessId,
  type Store,
  type StoreChange,
} from "@kinode-ts/types";
import type { VfsFiles } from "@kinode-ts/vfs";
import { InstallError } from "./errors.ts";
import {
  decidableGrants,
  grantKey,
  grantToText,
  registrationsOf,
  requestedGrants,
} from "./grants.ts";
import { type HotReplacement, hotReplace } from "./hot-replace.ts";
import {
  createJournal,
  endJournalChange,
  foldersOf,
  journalChange,
  restoreFolders,
} from "./install-journal.ts";
import { keepZip, purgeFiles, writePackageFiles } from "./package-files.ts";
import {
  type AuditRecord,
  type PackageRecord,
  type PackageRecords,
  recordOf,
} from "./package-records.ts";

export interface InstallerPowers {
  readonly our: NodeId;
  readonly kernel: Kernel;
  readonly store: Store;
  readonly files: VfsFiles;
  readonly executors: readonly Executor[];
  readonly clock: Clock;
  readonly printer: Printer;
  readonly records: PackageRecords;
  /** Removes a process's entry from the home page. */
  readonly forgetEntry: (process: ProcessId) => void;
  /** Packages of this release, or added by `start --package`: they cannot be removed. */
  readonly bundled: ReadonlySet<PackageId>;
}

export interface InstallOptions {
  /** Refused by the person; everything else that is asked for is granted. */
  readonly denied: readonly CapabilityGrant[];
  readonly by: AuditRecord["by"];
}

interface OldVersion {
  readonly record: PackageRecord | undefined;
  /** Its processes that are in the process table now. */
  readonly processes: readonly ProcessId[];
  /** How to register them again. */
  readonly registrations: readonly ProcessRegistration[];
}

export class Installer {
  readonly #powers: InstallerPowers;
  readonly #listeners = new Set<() => void>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(powers: InstallerPowers) {
    this.#powers = powers;
  }

  get records(): PackageRecords {
    return this.#powers.records;
  }

  /** Told after each change; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Operations happen one after the other, in the order they were asked for. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work, work);
    this.#last = done.catch(() => undefined);
    return done.finally(() => this.tell());
  }

  /** Tells everyone who listens that what is shown of packages has changed. */
  tell(): void {
    for (const listener of this.#listeners) listener();
  }

  isBundled(id: PackageId): boolean {
    return this.#powers.bundled.has(id);
  }

  /** A zip that names itself as a part of the node would take over what that part may do. */
  #refuseNodePackage(id: PackageId): void {
    if (id !== packageOf(KERNEL_PROCESS) && !this.#powers.bundled.has(id)) return;
    throw new InstallError(
      { code: "install.bundled", package: id },
      `The package "${id}" is part of this node; nothing can be installed in its place`,
      { hint: "Give the package a name or publisher of its own" },
    );
  }

  /**
   * Compiles every program and checks its imports, before anything is changed.
   * @throws {InstallError} `install.program` names the file and what is wrong with it; `install.bundled`
   */
  async checkPrograms(pkg: Package): Promise<void> {
    this.#refuseNodePackage(pkg.id);
    const files = new Set([
      ...pkg.processes.map((entry) => entry.path.slice(1)),
      ...pkg.scripts.map((script) => script.file).filter((file) => pkg.files.has(file)),
    ]);
    for (const file of files) {
      const source = { handle: `/${pkg.id}/pkg/${file}`, bytes: pkg.files.get(file)! };
      const executor = this.#powers.executors.find((each) => each.accepts(source));
      try {
        if (executor === undefined) throw new Error("it is neither a component nor a script");
        // oxlint-disable-next-line no-await-in-loop -- the first bad program is enough to know
        await executor.prepare(source);
      } catch (thrown) {
        throw new InstallError(
          { code: "install.program", package: pkg.id, file, reason: errorText(thrown) },
          `Cannot install "${pkg.id}": its program ${file} cannot run here: ${errorText(thrown)}`,
          {
            hint: "Ask its publisher for a version built for kinode:process 0.7.0, 0.8.0 or 1.0.0",
          },
        );
      }
    }
  }

  /** Installs a package, or puts it in the place of the version that is there. */
  install(pkg: Package, options: InstallOptions): Promise<PackageRecord> {
    return this.#inTurn(async () => {
      await this.checkPrograms(pkg);
      return await this.#replace(pkg, options);
    });
  }

  /** Puts new files of an installed package in place while its processes run on. */
  replaceFiles(pkg: Package): Promise<HotReplacement> {
    return this.#inTurn(async () => {
      await this.checkPrograms(pkg);
      return await hotReplace(this.#powers, pkg);
    });
  }

  async #replace(pkg: Package, options: InstallOptions): Promise<PackageRecord> {
    const { files, store, kernel, our } = this.#powers;
    const denied = new Set(options.denied.map(grantKey));
    const wanted = requestedGrants(pkg, our).filter((grant) => !denied.has(grantKey(grant)));
    const old = this.#oldVersion(pkg.id);
    const newProcesses = registrationsOf(pkg, () => []).map(({ id }) => id);
    const folders = foldersOf(pkg.id);
    await writePackageFiles(files, folders.staged, pkg).catch(async (thrown: unknown) => {
      await files.remove(folders.staged).catch(() => undefined);
      throw this.#failure(pkg.id, thrown);
    });
    const journal = await createJournal(store, {
      id: pkg.id,
      hadOld: (await files.stat(folders.current)) !== undefined,
      oldProcesses: [...new Set([...old.processes, ...newProcesses])],
      newProcesses,
      grants: wanted.filter(({ holder }) => !newProcesses.includes(holder)),
    });
    const before = this.#heldBefore(wanted);
    const restoreRecords = this.#powers.records.snapshot();
    try {
      await kernel.commit([journalChange(journal)]);
      await this.#switch(pkg, old, wanted);
      const record = recordOf(pkg, our, this.#powers.clock.nowMs(), old.record);
      await kernel.commit(this.#finalChanges(pkg, record, old, options));
      await this.#afterwards(pkg, record, old, newProcesses);
      return record;
    } catch (thrown) {
      restoreRecords();
      await this.#rollBack(pkg.id, journal.hadOld, old, newProcesses, wanted, before);
      throw this.#failure(pkg.id, thrown);
    }
  }

  #failure(id: PackageId, thrown: unknown): InstallError {
    if (thrown instanceof InstallError) return thrown;
    const reason = errorText(thrown);
    return new InstallError(
      { code: "install.failed", package: id, reason },
      `Cannot install "${id}": ${reason}`,
      { hint: "Nothing was changed", cause: thrown },
    );
  }

  #oldVersion(id: PackageId): OldVersion {
    const { kernel, records } = this.#powers;
    const record = records.get(id);
    const processes = (record?.processes ?? []).filter((each) => kernel.process(each));
    const registrations = processes.map((each): ProcessRegistration => {
      const { wasmBytesHandle, witVersion, onExit, public: isPublic } = kernel.process(each)!;
      const capabilities = kernel.capabilitiesOf(each);
      return { id: each, wasmBytesHandle, witVersion, onExit, public: isPublic, capabilities };
    });
    return { record, processes, registrations };
  }

  #heldBefore(grants: readonly CapabilityGrant[]): ReadonlySet<string> {
    const { kernel } = this.#powers;
    const holders = new Set(grants.map(({ holder }) => holder));
    const keys = [...holders].flatMap((holder) =>
      kernel.capabilitiesOf(holder).map((capability) => grantKey({ holder, capability })),
    );
    return new Set(keys);
  }

  /** What a process is to hold: what is asked for now, and what it acquired itself under the old version. */
  #heldAfter(
    process: ProcessId,
    old: OldVersion,
    wanted: readonly CapabilityGrant[],
  ): Capability[] {
    const asked = new Set(
      old.record?.requested.map(({ holder, issuer, params }) => `${holder}${issuer}${params}`),
    );
    const held = old.registrations.find(({ id }) => id === process)?.capabilities ?? [];
    const acquired = held.filter((capability) => {
      const text = grantToText({ holder: process, capability });
      return !asked.has(`${text.holder}${text.issuer}${text.params}`);
    });
    const requested = wanted.filter(({ holder }) => holder === process);
    return [...acquired, ...requested.map(({ capability }) => capability)];
  }

  async #switch(pkg: Package, old: OldVersion, wanted: readonly CapabilityGrant[]): Promise<void> {
    const { files, kernel } = this.#powers;
    const folders = foldersOf(pkg.id);
    const registrations = registrationsOf(pkg, (id) => this.#heldAfter(id, old, wanted));
    // Others keep their right to message a process that comes back under the same id.
    for (const id of new Set([...old.processes, ...registrations.map((each) => each.id)])) {
      // oxlint-disable-next-line no-await-in-loop -- each must be gone before its files move
      await kernel.kill(id, { keepGrants: true });
    }
    await files.remove(folders.old);
    if ((await files.stat(folders.current)) !== undefined) {
      await files.rename(folders.current, folders.old);
    }
    await files.rename(folders.staged, folders.current);
    await kernel.register(registrations);
    // After all are registered, so that processes of one package can grant to each other.
    const own = new Set(registrations.map(({ id }) => id));
    await kernel.grant(wanted.filter(({ holder }) => !own.has(holder)));
    for (const [process, reason] of await kernel.run(registrations.map(({ id }) => id))) {
      if (reason === undefined) continue;
      throw new InstallError(
        { code: "install.start", package: pkg.id, process, reason },
        `Cannot install "${pkg.id}": its process "${process}" does not start: ${reason}`,
        { hint: "Nothing was changed" },
      );
    }
  }

  #finalChanges(
    pkg: Package,
    record: PackageRecord,
    old: OldVersion,
    options: InstallOptions,
  ): StoreChange[] {
    const { records } = this.#powers;
    const denied = new Set(options.denied.map(grantKey));
    const decisions = decidableGrants(pkg, this.#powers.our).flatMap((grant) => {
      if (denied.has(grantKey(grant))) {
        const { issuer, params } = grantToText(grant);
        const detail = `${issuer} ${params}`;
        return [
          records.withdraw(grant),
          records.audit({ action: "deny", subject: grant.holder, detail, by: options.by }),
        ];
      }
      return records.isWithdrawn(grant) ? [records.giveBack(grant)] : [];
    });
    return [
      records.put(record),
      ...decisions,
      records.audit({
        action: old.record === undefined ? "install" : "update",
        subject: pkg.id,
        detail: `${record.version} ${record.versionHash}`,
        by: options.by,
      }),
      endJournalChange(pkg.id),
    ];
  }

  /** What follows a finished installation; a failure here is told and changes nothing. */
  async #afterwards(
    pkg: Package,
    record: PackageRecord,
    old: OldVersion,
    newProcesses: readonly ProcessId[],
  ): Promise<void> {
    const { files, kernel, printer } = this.#powers;
    const gone = old.processes.filter((id) => !newProcesses.includes(id));
    try {
      await files.remove(foldersOf(pkg.id).old);
      await keepZip(files, pkg, record.kept);
      await kernel.revoke(this.#issuedBy(gone));
      for (const id of gone) this.#powers.forgetEntry(id);
    } catch (thrown) {
      printer.print(0, KERNEL_PROCESS, `After installing ${pkg.id}: ${errorText(thrown)}`);
    }
  }

  #issuedBy(issuers: readonly ProcessId[]): CapabilityGrant[] {
    const { kernel, our } = this.#powers;
    return kernel
      .processes()
      .flatMap(({ id, capabilities }) =>
        capabilities
          .filter(({ issuer }) => issuer.node === our && issuers.includes(issuer.process))
          .map((capability) => ({ holder: id, capability })),
      );
  }

  async #rollBack(
    id: PackageId,
    hadOld: boolean,
    old: OldVersion,
    newProcesses: readonly ProcessId[],
    wanted: readonly CapabilityGrant[],
    before: ReadonlySet<string>,
  ): Promise<void> {
    const { files, kernel, printer } = this.#powers;
    try {
      for (const each of newProcesses) {
        // oxlint-disable-next-line no-await-in-loop -- each must be gone before its files move
        await kernel.kill(each, { keepGrants: true });
      }
      await kernel.revoke(wanted.filter((grant) => !before.has(grantKey(grant))));
      await restoreFolders(files, id, hadOld);
      await this.#startAgain(old);
      await kernel.commit([endJournalChange(id)]);
    } catch (thrown) {
      // The journal is still there: the next start puts the old version back.
      printer.print(
        0,
        KERNEL_PROCESS,
        `Cannot put the old version of ${id} back now: ${errorText(thrown)}. It returns when the node starts again`,
      );
    }
  }

  async #startAgain(old: OldVersion): Promise<void> {
    const { kernel } = this.#powers;
    await kernel.register(old.registrations);
    await kernel.run(old.processes);
  }

  /**
   * Ends and removes a package. Its state, other drives and downloads stay unless `purge`.
   * @throws {InstallError} `install.not-installed`, `install.bundled`
   */
  uninstall(
    id: string,
    options: { readonly purge: boolean; readonly by: AuditRecord["by"] },
  ): Promise<void> {
    return this.#inTurn(() => this.#remove(id, options));
  }

  async #remove(
    id: string,
    options: { readonly purge: boolean; readonly by: AuditRecord["by"] },
  ): Promise<void> {
    const { kernel, files, records, bundled } = this.#powers;
    const record = records.get(id);
    if (record === undefined) {
      throw new InstallError(
        { code: "install.not-installed", package: id },
        `The package "${id}" is not installed`,
        { hint: 'See the installed ones with "kinode ps"' },
      );
    }
    if (bundled.has(record.id)) {
      throw new InstallError(
        { code: "install.bundled", package: id },
        `The package "${id}" is part of this node and comes back at every start; it cannot be removed`,
      );
    }
    const children = kernel.processes().filter((info) => packageOf(info.id) === record.id);
    for (const { id: process } of children) {
      // oxlint-disable-next-line no-await-in-loop -- each durable before the next
      await kernel.kill(process);
      this.#powers.forgetEntry(process);
    }
    await files.remove(foldersOf(record.id).current);
    if (options.purge) await purgeFiles(files, record.id);
    const ended = new Set([...record.processes, ...children.map((info) => info.id)]);
    await kernel.commit([
      ...records
        .withdrawn()
        .filter(({ holder }) => ended.has(holder))
        .map((grant) => records.giveBack(grant)),
      ...(options.purge
        ? [...ended].map((process): StoreChange => ({ kind: "delete-state", process }))
        : []),
      records.audit({
        action: "uninstall",
        subject: id,
        detail: options.purge ? `${record.version}, with all its data` : record.version,
        by: options.by,
      }),
      records.remove(record.id),
    ]);
  }
}
