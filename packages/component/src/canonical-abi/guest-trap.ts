/**
 * What ends a process that breaks the canonical ABI.
 * @module
 */
import { ProcessFault } from "@kinode-ts/types";

/** The guest broke the canonical ABI; traps the process. */
export class GuestTrap extends ProcessFault {
  override name = "GuestTrap";
}
