/**
 * What may talk to what: identity of a capability, tables of who holds what, filters, revocation, signatures. Pure.
 * Source: spec/kernel.md §5.
 * @module
 */
export { compactSortedJson, isJson, jsonIdentity, MAX_JSON_DEPTH } from "./canonical-json.ts";
export type { CapabilityHolder } from "./capability-holder.ts";
export { capabilityKey, MAX_JSON_PARAMS_LENGTH, sameCapability } from "./capability-key.ts";
export { createCapabilityTables } from "./capability-tables.ts";
export type {
  AddedCapability,
  CapabilityTables,
  CapabilityTablesOptions,
} from "./capability-tables.ts";
export { describeCapability } from "./describe-capability.ts";
export type { CapabilityDescription } from "./describe-capability.ts";
export {
  CapsError,
  grantedCapability,
  manifestCapabilities,
  packageDriveCapabilities,
  requestedCapability,
} from "./manifest-capabilities.ts";
export type {
  CapsFault,
  ManifestCapability,
  ManifestEntryCapabilities,
  ManifestGrants,
} from "./manifest-capabilities.ts";
export { signCapability, verifyCapability } from "./signature.ts";
