/**
 * The bytes over which a capability is signed.
 * Source: spec/kernel.md §5.3.
 * @module
 */
import type { Capability } from "@kinode-ts/types";
import { formatAddress } from "@kinode-ts/types";
import { ByteWriter } from "./byte-writer.ts";

/** Array of two texts: issuer and params, the params byte for byte as given. */
export function encodeCapability(capability: Capability): Uint8Array {
  const writer = new ByteWriter(128);
  writer.array(2);
  writer.text(formatAddress(capability.issuer));
  writer.text(capability.params);
  return writer.finish();
}
