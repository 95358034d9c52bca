/**
 * Who is to hold what when a package is installed. Pure.
 * Source: spec/kernel.md §5.7–5.8, spec/packages-and-tools.md §3.
 * @module
 */
import { capabilityKey, manifestCapabilities } from "@kinode-ts/caps";
import type { CapabilityGrant, ProcessRegistration } from "@kinode-ts/kernel";
import type { ManifestEntry, Package } from "@kinode-ts/kit";
import {
  type Capability,
  type ControlGrantChange,
  formatAddress,
  messagingCapability,
  type NodeId,
  type PackageId,
  parseAddress,
  parseProcessId,
  type ProcessId,
} from "@kinode-ts/types";

/** Identity of a grant: equal for equal holder, issuer and JSON value of params. */
export function grantKey(grant: CapabilityGrant): string {
  return `${grant.holder}\n${capabilityKey(grant.capability)}`;
}

export function processIdOf(entry: Pick<ManifestEntry, "processName">, id: PackageId): ProcessId {
  return `${entry.processName}:${id}` as ProcessId;
}

/** Everything the manifest asks for: what its processes are to hold, and what they hand to others. */
export function requestedGrants(pkg: Package, our: NodeId): CapabilityGrant[] {
  const grants = new Map<string, CapabilityGrant>();
  for (const entry of pkg.processes) {
    const self = processIdOf(entry, pkg.id);
    const { requested, granted } = manifestCapabilities(our, self, entry);
    for (const capability of requested) {
      const grant = { holder: self, capability };
      grants.set(grantKey(grant), grant);
    }
    for (const { process, capability } of granted) {
      const grant = { holder: process, capability };
      grants.set(grantKey(grant), grant);
    }
  }
  return [...grants.values()];
}

/** A process's right to message itself: it comes with its creation and is nobody's decision. */
export function isOwnMessaging(grant: CapabilityGrant, our: NodeId): boolean {
  const own = messagingCapability(our, grant.holder);
  return capabilityKey(own) === capabilityKey(grant.capability);
}

/** What a person decides about when installing. */
export function decidableGrants(pkg: Package, our: NodeId): CapabilityGrant[] {
  return requestedGrants(pkg, our).filter((grant) => !isOwnMessaging(grant, our));
}

/** The registrations of a package; `held` gives the capabilities each process starts with. */
export function registrationsOf(
  pkg: Package,
  held: (process: ProcessId) => readonly Capability[],
): ProcessRegistration[] {
  return pkg.processes.map((entry) => {
    const id = processIdOf(entry, pkg.id);
    return {
      id,
      wasmBytesHandle: `/${pkg.id}/pkg${entry.path}`,
      witVersion: pkg.metadata.witVersion,
      onExit: entry.onExit,
      public: entry.public,
      capabilities: held(id),
    };
  });
}

export function grantToText(grant: CapabilityGrant): ControlGrantChange {
  const { issuer, params } = grant.capability;
  return { holder: grant.holder, issuer: formatAddress(issuer), params };
}

/** @throws {NameError} holder or issuer is not well-formed */
export function grantFromText(text: ControlGrantChange): CapabilityGrant {
  return {
    holder: parseProcessId(text.holder),
    capability: { issuer: parseAddress(text.issuer), params: text.params },
  };
}
