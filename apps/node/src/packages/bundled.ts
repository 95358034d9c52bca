/**
 * Packages that are there at every boot: those of the release, and those of `start --package`.
 * Source: spec/packages-and-tools.md §13, spec/kernel.md §6.5.
 * @module
 */
import type { CapabilityGrant, Kernel } from "@kinode-ts/kernel";
import type { Package } from "@kinode-ts/kit";
import type { Clock, NodeId, Printer, ProcessId } from "@kinode-ts/types";
import { KERNEL_PROCESS } from "@kinode-ts/types";
import type { VfsFiles } from "@kinode-ts/vfs";
import { grantFromText, grantKey, registrationsOf, requestedGrants } from "./grants.ts";
import { foldersOf } from "./install-journal.ts";
import { syncPackageFiles } from "./package-files.ts";
import { type AuditRecord, type PackageRecords, recordOf } from "./package-records.ts";

export interface BundledPackage {
  readonly package: Package;
  readonly by: Extract<AuditRecord["by"], "release" | "start --package">;
}

export interface BundledPowers {
  readonly our: NodeId;
  readonly kernel: Kernel;
  readonly files: VfsFiles;
  readonly clock: Clock;
  readonly printer: Printer;
  readonly records: PackageRecords;
}

/** First half, before the kernel starts: the files equal the package; equal files are not written again. */
export async function putBundledFiles(
  files: VfsFiles,
  packages: readonly BundledPackage[],
): Promise<void> {
  for (const { package: pkg } of packages) {
    const folders = foldersOf(pkg.id);
    // oxlint-disable-next-line no-await-in-loop -- one package after the other
    await syncPackageFiles(files, folders.current, pkg);
    // oxlint-disable-next-line no-await-in-loop -- left by an installation that ended after its commit
    await Promise.all([files.remove(folders.old), files.remove(folders.staged)]);
  }
}

function missingGrants(
  powers: BundledPowers,
  wanted: readonly CapabilityGrant[],
): CapabilityGrant[] {
  const { kernel, records } = powers;
  const held = new Map<ProcessId, Set<string>>();
  const heldBy = (holder: ProcessId): Set<string> => {
    let keys = held.get(holder);
    if (keys === undefined) {
      const capabilities = kernel.process(holder) ? kernel.capabilitiesOf(holder) : [];
      keys = new Set(capabilities.map((capability) => grantKey({ holder, capability })));
      held.set(holder, keys);
    }
    return keys;
  };
  return wanted.filter(
    // What the person took back stays taken back.
    (grant) => !heldBy(grant.holder).has(grantKey(grant)) && !records.isWithdrawn(grant),
  );
}

/**
 * What installed packages gave to these processes, or were given by them. Ending a process takes that away for good,
 * but a part of the node comes back, and then it must be as it was when those packages were installed.
 */
function grantsOfOthers(
  powers: BundledPowers,
  returned: ReadonlySet<ProcessId>,
): CapabilityGrant[] {
  return powers.records
    .list()
    .flatMap((record) => record.requested.map(grantFromText))
    .filter(
      ({ holder, capability }) =>
        returned.has(holder) ||
        (capability.issuer.node === powers.our && returned.has(capability.issuer.process)),
    );
}

/** Registers what is missing or different; returns the processes to run. */
async function registerEntries(powers: BundledPowers, pkg: Package): Promise<ProcessId[]> {
  const { kernel, records } = powers;
  const isNewVersion = records.get(pkg.id)?.versionHash !== pkg.versionHash;
  const registrations = registrationsOf(pkg, (id) =>
    kernel.process(id) ? kernel.capabilitiesOf(id) : [],
  ).filter((wanted) => {
    const present = kernel.process(wanted.id);
    const isSame =
      present !== undefined &&
      present.wasmBytesHandle === wanted.wasmBytesHandle &&
      present.witVersion === wanted.witVersion &&
      present.public === wanted.public;
    return isNewVersion || !isSame;
  });
  for (const { id } of registrations) {
    // oxlint-disable-next-line no-await-in-loop -- it must be gone before it is registered again
    await kernel.kill(id, { keepGrants: true });
  }
  if (registrations.length > 0) await kernel.register(registrations);
  return registrations.map(({ id }) => id);
}

/** Second half, after the kernel has booted: entries and capabilities equal the manifests. */
export async function registerBundled(
  powers: BundledPowers,
  packages: readonly BundledPackage[],
): Promise<void> {
  const { kernel, records, our, clock, printer } = powers;
  const toRun: ProcessId[] = [];
  const before = new Set(kernel.processes().map(({ id }) => id));
  for (const { package: pkg } of packages) {
    // oxlint-disable-next-line no-await-in-loop -- all entries of all packages before the first grant
    toRun.push(...(await registerEntries(powers, pkg)));
  }
  for (const { package: pkg, by } of packages) {
    const missing = missingGrants(powers, requestedGrants(pkg, our));
    // oxlint-disable-next-line no-await-in-loop -- in order
    if (missing.length > 0) await kernel.grant(missing);
    const known = records.get(pkg.id);
    if (known?.versionHash === pkg.versionHash) continue;
    const record = recordOf(pkg, our, clock.nowMs(), known);
    const action = known === undefined ? "install" : "update";
    const detail = `${record.version} ${record.versionHash}`;
    // oxlint-disable-next-line no-await-in-loop -- in order
    await kernel.commit([
      records.put(record),
      records.audit({ action, subject: pkg.id, detail, by }),
    ]);
  }
  if (toRun.length === 0) return;
  const returned = new Set(toRun.filter((id) => !before.has(id)));
  const lost = missingGrants(powers, grantsOfOthers(powers, returned));
  if (lost.length > 0) await kernel.grant(lost);
  for (const [process, reason] of await kernel.run(toRun)) {
    if (reason === undefined) continue;
    printer.print(0, KERNEL_PROCESS, `The process ${process} does not start: ${reason}`);
  }
}
