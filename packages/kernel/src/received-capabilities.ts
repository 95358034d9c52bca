/**
 * Capabilities that came to a process with messages: only these, held ones and its own may be saved.
 * Source: spec/kernel.md §5.5 rule (iii), W6, W13.
 * @module
 */
import { capabilityKey, MAX_JSON_PARAMS_LENGTH } from "@kinode-ts/caps";
import type { Capability, SignedCapability } from "@kinode-ts/types";

/** The newest ones, bounded; without messages that carry capabilities it owns nothing. */
export class ReceivedCapabilities {
  #byKey: Map<string, SignedCapability> | undefined;

  remember(capabilities: readonly SignedCapability[], maxCount: number): void {
    if (capabilities.length === 0) return;
    const byKey = (this.#byKey ??= new Map());
    for (const capability of capabilities) {
      // It could not be saved: see save-capabilities.ts.
      if (capability.params.length > MAX_JSON_PARAMS_LENGTH) continue;
      const key = capabilityKey(capability);
      byKey.delete(key);
      byKey.set(key, capability);
      if (byKey.size > maxCount) byKey.delete(byKey.keys().next().value!);
    }
  }

  find(capability: Capability): SignedCapability | undefined {
    return this.#byKey?.get(capabilityKey(capability));
  }

  clear(): void {
    this.#byKey = undefined;
  }
}

/** What a process sees of capabilities: never a signature (§5.6). */
export function withoutSignatures(capabilities: readonly SignedCapability[]): Capability[] {
  return capabilities.map(({ issuer, params }) => ({ issuer, params }));
}
