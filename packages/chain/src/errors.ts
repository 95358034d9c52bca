/**
 * Faults of a local chain.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type ChainFault =
  /** There is no program to run a chain with. */
  | { code: "chain.no-anvil" }
  | { code: "chain.start"; why: string }
  /** The chain answered with an error. */
  | { code: "chain.refused"; method: string; why: string }
  | { code: "chain.unreachable"; url: string; why: string };

export class ChainError extends KinodeError<ChainFault> {
  override name = "ChainError";
  constructor(fault: ChainFault) {
    const hint = hintFor(fault);
    super(fault, text(fault), hint === undefined ? {} : { hint });
  }
}

function text(fault: ChainFault): string {
  switch (fault.code) {
    case "chain.no-anvil":
      return 'Cannot start a chain: the program "anvil" is not there';
    case "chain.start":
      return `The chain does not start: ${fault.why}`;
    case "chain.refused":
      return `The chain refuses ${fault.method}: ${fault.why}`;
    case "chain.unreachable":
      return `No chain answers at ${fault.url}: ${fault.why}`;
  }
}

function hintFor(fault: ChainFault): string | undefined {
  if (fault.code === "chain.no-anvil") {
    return 'Install it with "bun add --dev @foundry-rs/anvil", or name it in KINODE_ANVIL';
  }
  return fault.code === "chain.unreachable" ? 'Start one with "kinode chain"' : undefined;
}
