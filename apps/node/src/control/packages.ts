/**
 * Installing over the control interface: upload and look, answer, install.
 * @module
 */
import { type Package, readPackage } from "@kinode-ts/kit";
import type { ControlApp, ControlInspection, ControlReplacement } from "@kinode-ts/types";
import * as v from "valibot";
import { MAX_ZIP_BYTES } from "../commands/package-source.ts";
import {
  decidableGrants,
  grantKey,
  grantFromText,
  grantToText,
  processIdOf,
} from "../packages/grants.ts";
import { readGrant } from "../packages/permissions.ts";
import { ControlFault, readJson } from "./answers.ts";
import { listApps } from "./apps.ts";
import type { ControlPowers } from "./control-powers.ts";

function showPackage(powers: ControlPowers, pkg: Package): ControlInspection {
  const { records } = powers.installer;
  const { our } = powers.kernel;
  const installed = records.get(pkg.id);
  const asked = new Set(installed?.requested.map((text) => grantKey(grantFromText(text))));
  return {
    id: pkg.id,
    name: pkg.metadata.name ?? pkg.metadata.packageName,
    description: pkg.metadata.description ?? "",
    version: pkg.metadata.version,
    hash: pkg.versionHash,
    installedVersion: installed?.version ?? null,
    processes: pkg.processes.map((entry) => processIdOf(entry, pkg.id)),
    capabilities: decidableGrants(pkg, our).map((grant) => ({
      ...grantToText(grant),
      ...powers.permissions.describe(grant),
      approved: asked.has(grantKey(grant)) && !records.isWithdrawn(grant),
      withdrawn: records.isWithdrawn(grant),
    })),
    problems: [],
  };
}

async function readUpload(request: Request, url: URL): Promise<Package> {
  const zip = new Uint8Array(await request.arrayBuffer());
  if (zip.length === 0)
    throw new ControlFault(400, "control.no-zip", "The body must be a package zip");
  if (zip.length > MAX_ZIP_BYTES) {
    throw new ControlFault(413, "control.too-large", `A package may have ${MAX_ZIP_BYTES} bytes`);
  }
  return await readPackage(zip, {
    id: url.searchParams.get("id") ?? undefined,
    metadata: url.searchParams.get("metadata") ?? undefined,
  });
}

/** New files for an installed package, its processes running on (`kinode dev`). */
export async function replaceUpload(
  powers: ControlPowers,
  request: Request,
  url: URL,
): Promise<ControlReplacement> {
  const { record, replaced } = await powers.installer.replaceFiles(await readUpload(request, url));
  return { hash: record.versionHash, replaced };
}

/** Reads an uploaded zip and keeps it until the person has answered. */
export async function inspectUpload(
  powers: ControlPowers,
  request: Request,
  url: URL,
): Promise<ControlInspection> {
  const pkg = await readUpload(request, url);
  await powers.installer.checkPrograms(pkg);
  const shown = showPackage(powers, pkg);
  const asksForMore = shown.capabilities.some(({ approved, withdrawn }) => !approved && !withdrawn);
  powers.uploads.add(pkg, { waits: shown.installedVersion !== null && asksForMore });
  powers.installer.tell();
  return shown;
}

const grantSchema = v.object({ holder: v.string(), issuer: v.string(), params: v.string() });
const installSchema = v.object({ denied: v.optional(v.array(grantSchema), []) });
const uninstallSchema = v.object({ purge: v.optional(v.boolean(), false) });

export async function installUpload(
  powers: ControlPowers,
  request: Request,
  url: URL,
): Promise<ControlApp> {
  const hash = url.searchParams.get("hash") ?? "";
  const pkg = powers.uploads.get(hash);
  if (pkg === undefined) {
    throw new ControlFault(
      404,
      "control.unknown-upload",
      `No package with the hash "${hash}" was uploaded; inspect it first`,
    );
  }
  const { denied } = await readJson(request, installSchema);
  const record = await powers.installer.install(pkg, {
    denied: denied.map((change) => readGrant(change, powers.kernel.our)),
    by: "person",
  });
  powers.uploads.take(hash);
  powers.installer.tell();
  return (await listApps(powers)).find((app) => app.id === record.id)!;
}

export async function uninstallPackage(
  powers: ControlPowers,
  request: Request,
  id: string,
): Promise<object> {
  const { purge } = await readJson(request, uninstallSchema);
  await powers.installer.uninstall(id, { purge, by: "person" });
  return {};
}

export const grantChangeSchema = grantSchema;
