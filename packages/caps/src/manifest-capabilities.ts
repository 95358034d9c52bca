/**
 * What the entries of a manifest ask for and hand out, as capabilities.
 * Source: spec/kernel.md §5.7, §5.8.
 * @module
 */
import type { Capability, NodeId, ProcessId } from "@kinode-ts/types";
import {
  KinodeError,
  MESSAGING_PARAMS,
  messagingCapability,
  networkCapability,
  packageOf,
  VFS_PROCESS,
} from "@kinode-ts/types";
import { compactSortedJson } from "./canonical-json.ts";

/** One item of `request_capabilities` or `grant_capabilities`. */
export interface ManifestCapability {
  readonly process: ProcessId;
  /** JSON text exactly as it stands in the file; `undefined` is the short form, meaning messaging. */
  readonly params: string | undefined;
}

export interface ManifestGrants {
  /** Who receives the capability. */
  readonly process: ProcessId;
  readonly capability: Capability;
}

export interface ManifestEntryCapabilities {
  readonly requestNetworking: boolean;
  readonly requestCapabilities: readonly ManifestCapability[];
  readonly grantCapabilities: readonly ManifestCapability[];
}

export type CapsFault = { code: "caps.bad-params"; params: string };

/** Params that are not JSON. */
export class CapsError extends KinodeError<CapsFault> {
  override name = "CapsError";
  constructor(fault: CapsFault) {
    super(fault, `Cannot use ${JSON.stringify(fault.params.slice(0, 80))} as params: not JSON`, {
      hint: 'A plain word needs quotes inside the text, as in "\\"messaging\\""',
    });
  }
}

/** @throws {CapsError} `caps.bad-params` */
function paramsText(params: string | undefined): string {
  if (params === undefined) return MESSAGING_PARAMS;
  const text = compactSortedJson(params);
  if (text === undefined) throw new CapsError({ code: "caps.bad-params", params });
  return text;
}

/**
 * What `self` asks for by an item of `request_capabilities`: issued by the named process on this node.
 * @throws {CapsError} `caps.bad-params`
 */
export function requestedCapability(our: NodeId, item: ManifestCapability): Capability {
  return { issuer: { node: our, process: item.process }, params: paramsText(item.params) };
}

/**
 * What `self` hands out by an item of `grant_capabilities`: issued by itself, to the named process.
 * @throws {CapsError} `caps.bad-params`
 */
export function grantedCapability(
  our: NodeId,
  self: ProcessId,
  item: ManifestCapability,
): ManifestGrants {
  const issuer = { node: our, process: self };
  return { process: item.process, capability: { issuer, params: paramsText(item.params) } };
}

/** Read and write for the drive `/<package>:<publisher>/pkg`, which every installed process gets. */
export function packageDriveCapabilities(our: NodeId, self: ProcessId): Capability[] {
  const drive = `/${packageOf(self)}/pkg`;
  return ["read", "write"].map((kind) => ({
    issuer: { node: our, process: VFS_PROCESS },
    params: JSON.stringify({ drive, kind }),
  }));
}

/**
 * Everything one entry of an installed package is to hold, and to hand out (§5.7 "Boot, distro packages", §4.6).
 * The messaging capability for itself comes with its creation; it is listed so that nothing needs to be added.
 * @throws {CapsError} `caps.bad-params`
 */
export function manifestCapabilities(
  our: NodeId,
  self: ProcessId,
  entry: ManifestEntryCapabilities,
): { readonly requested: Capability[]; readonly granted: ManifestGrants[] } {
  const requested = entry.requestCapabilities.map((item) => requestedCapability(our, item));
  if (entry.requestNetworking) requested.push(networkCapability(our));
  requested.push(messagingCapability(our, self), ...packageDriveCapabilities(our, self));
  const granted = entry.grantCapabilities.map((item) => grantedCapability(our, self, item));
  return { requested, granted };
}
