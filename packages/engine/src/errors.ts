/**
 * What can be wrong with a file that is to run as a script.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";

export type ScriptFault =
  | { code: "script.not-utf8"; handle: string }
  | { code: "script.too-large"; handle: string; bytes: number; bound: number }
  | { code: "script.not-trusted"; handle: string }
  | { code: "script.syntax"; handle: string; reason: string }
  | { code: "script.not-an-engine"; reason: string };

function textOf(fault: ScriptFault): string {
  switch (fault.code) {
    case "script.not-utf8":
      return `Cannot run "${fault.handle}": it is not valid UTF-8 text`;
    case "script.too-large":
      return `Cannot run "${fault.handle}": its ${fault.bytes} bytes are above the limit of ${fault.bound}`;
    case "script.not-trusted":
      return `Cannot run "${fault.handle}" inside the node: it is not part of this release`;
    case "script.syntax":
      return `Cannot run "${fault.handle}": ${fault.reason}`;
    case "script.not-an-engine":
      return `Cannot pack a script: ${fault.reason}`;
  }
}

/** A script that cannot become a program. */
export class ScriptError extends KinodeError<ScriptFault> {
  override name = "ScriptError";
  constructor(fault: ScriptFault, options: { hint?: string; cause?: unknown } = {}) {
    super(fault, textOf(fault), options);
  }
}
