/**
 * What packages have on the disk, and how much a person lets them have.
 * @module
 */
import type { ControlUsage } from "@kinode-ts/types";
import { MAX_DISK_LIMIT_BYTES, type PackageUsage } from "@kinode-ts/vfs";
import * as v from "valibot";
import { ControlFault, readJson } from "./answers.ts";
import type { ControlPowers } from "./control-powers.ts";

const BOUNDS = `a whole number of bytes up to ${MAX_DISK_LIMIT_BYTES}`;
const limitSchema = v.strictObject({
  diskBytes: v.nullish(
    v.pipe(
      v.number(),
      v.integer(BOUNDS),
      v.minValue(0, BOUNDS),
      v.maxValue(MAX_DISK_LIMIT_BYTES, BOUNDS),
    ),
  ),
});

function show({ owner, usedBytes, limitBytes }: PackageUsage): ControlUsage {
  return {
    package: owner,
    usedBytes,
    limitBytes: Number.isFinite(limitBytes) ? limitBytes : null,
  };
}

export async function listUsage({ disk }: ControlPowers): Promise<ControlUsage[]> {
  return (await disk.list()).map(show);
}

/** Holds at once and until it is changed, also when the package is removed and installed again. */
export async function limitPackage(
  powers: ControlPowers,
  request: Request,
  id: string,
): Promise<ControlUsage> {
  const { disk, installer, kernel } = powers;
  const { diskBytes } = await readJson(request, limitSchema);
  const known =
    installer.records.list().some((record) => record.id === id) ||
    (await disk.list()).some(({ owner }) => owner === id);
  if (!known) {
    throw new ControlFault(
      404,
      "control.unknown-package",
      `There is no package "${id}" on this node`,
    );
  }
  if (diskBytes !== undefined) {
    await kernel.commit([await disk.setLimit(id, diskBytes ?? undefined)]);
  }
  return show(await disk.usage(id));
}
