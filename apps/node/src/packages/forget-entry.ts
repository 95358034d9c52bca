/**
 * Takes a removed package off the home page.
 * @module
 */
import { signCapability } from "@kinode-ts/caps";
import type { Kernel } from "@kinode-ts/kernel";
import { type NodeSigner, type ProcessId, type Random, TERMINAL_PROCESS } from "@kinode-ts/types";

/** Tells the home page to forget a process that was removed. */
export function forgetEntry(
  kernel: Kernel,
  signer: NodeSigner,
  random: Random,
  process: ProcessId,
): void {
  const homepage = { node: kernel.our, process: "homepage:homepage:sys" as ProcessId };
  const right = signCapability(signer, { issuer: homepage, params: '"RemoveOther"' });
  kernel.inject({
    id: random.u64(),
    source: { node: kernel.our, process: TERMINAL_PROCESS },
    target: homepage,
    rsvp: undefined,
    message: {
      kind: "request",
      inherit: false,
      expectsResponse: undefined,
      body: new TextEncoder().encode(JSON.stringify({ RemoveOther: process })),
      metadata: undefined,
      capabilities: [right],
    },
    blob: undefined,
  });
}
