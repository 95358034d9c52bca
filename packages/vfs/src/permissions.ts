/**
 * Who may do what with which drive.
 * Source: spec/runtime-modules.md §2.4.
 * @module
 */
import {
  KERNEL_PROCESS,
  packageOf,
  type Address,
  type Capability,
  type ProcessId,
} from "@kinode-ts/types";
import type { VfsPath } from "./paths.ts";

export type Right = "read" | "write";

/** What the rules need to know: who we are, and what processes hold. */
export interface PermissionView {
  readonly address: Address;
  holds(process: ProcessId, capability: Capability): boolean;
}

/** The capability that stands for one right on one drive. */
export function driveCapability(issuer: Address, right: Right, drive: string): Capability {
  return { issuer, params: `{"kind":"${right}","drive":${JSON.stringify(drive)}}` };
}

/** Holders may do everything. */
export function holdsRoot(view: PermissionView, process: ProcessId): boolean {
  return view.holds(process, { issuer: view.address, params: '{"root":true}' });
}

/** R and W: the own package, the drive's capability, or root. */
export function mayUse(
  view: PermissionView,
  process: ProcessId,
  right: Right,
  path: VfsPath,
): boolean {
  if (owns(process, path)) return true;
  return (
    view.holds(process, driveCapability(view.address, right, path.drive)) ||
    holdsRoot(view, process)
  );
}

/** `CreateDrive`: the own package, or root. */
export function mayCreateDrive(view: PermissionView, process: ProcessId, path: VfsPath): boolean {
  return owns(process, path) || holdsRoot(view, process);
}

/**
 * `Rename` and `CopyFile`: both paths in the own package; otherwise explicit write capabilities on each drive, where
 * owning one side does not count (a quirk packages rely on, §2.4).
 */
export function mayMove(
  view: PermissionView,
  process: ProcessId,
  from: VfsPath,
  to: VfsPath,
): boolean {
  if (owns(process, from) && owns(process, to)) return true;
  if (holdsRoot(view, process)) return true;
  const mayWrite = (path: VfsPath): boolean =>
    view.holds(process, driveCapability(view.address, "write", path.drive));
  return mayWrite(from) && (from.drive === to.drive || mayWrite(to));
}

/** Every process of a package has all drives of that package; the kernel itself is not asked. */
function owns(process: ProcessId, path: VfsPath): boolean {
  return process === KERNEL_PROCESS || packageOf(process) === path.packageId;
}
