/**
 * Faults of the store.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type StoreFault =
  | { code: "store.in-use"; path: string }
  | { code: "store.newer-schema"; path: string; found: number; supported: number }
  | { code: "store.unreadable"; path: string; why: string }
  | { code: "store.commit-failed"; why: string }
  | { code: "store.bad-change"; kind: string }
  | { code: "store.backup-failed"; destination: string; why: string }
  | { code: "store.closed" };

export class StoreError extends KinodeError<StoreFault> {
  override name = "StoreError";
  constructor(fault: StoreFault, cause?: unknown) {
    super(fault, text(fault), { ...hint(fault), ...(cause === undefined ? {} : { cause }) });
  }
}

function text(fault: StoreFault): string {
  switch (fault.code) {
    case "store.in-use":
      return `Cannot open "${fault.path}": another node is using it`;
    case "store.newer-schema":
      return `Cannot open "${fault.path}": it has layout ${fault.found}, this program knows up to ${fault.supported}`;
    case "store.unreadable":
      return `Cannot open "${fault.path}": ${fault.why}`;
    case "store.commit-failed":
      return `Nothing was saved: ${fault.why}`;
    case "store.bad-change":
      return `Nothing was saved: there is no change of kind "${fault.kind}"`;
    case "store.backup-failed":
      return `Cannot write a copy to "${fault.destination}": ${fault.why}`;
    case "store.closed":
      return "The store is closed";
  }
}

function hint(fault: StoreFault): { hint?: string } {
  switch (fault.code) {
    case "store.in-use":
      return { hint: "Stop it first, or start this one with another home folder" };
    case "store.newer-schema":
      return { hint: "Use the version of the program that wrote it, or a newer one" };
    case "store.unreadable":
      return {
        hint: "Restore the file from a backup; a copy of the damaged one may still be repaired",
      };
    case "store.backup-failed":
      return { hint: "The destination is a file that does not exist yet, in a folder that does" };
    default:
      return {};
  }
}

/** For the end of a `switch` over changes: also refuses what only the compiler would have refused. */
export function refuseChange(change: never): never {
  throw new StoreError({
    code: "store.bad-change",
    kind: String((change as { kind?: unknown }).kind),
  });
}
