/**
 * What can be wrong with a WIT text, with its place.
 * @module
 */
import { KinodeError } from "@kinode-ts/types";
import type { WitPosition } from "./ast.ts";

export type WitFault = {
  readonly code: "kit.bad-wit";
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly reason: string;
};

/** A WIT text that cannot be read, or that names something that is not there. */
export class WitError extends KinodeError<WitFault> {
  override name = "WitError";

  constructor(file: string, at: WitPosition, reason: string, hint?: string) {
    super(
      { code: "kit.bad-wit", file, line: at.line, column: at.column, reason },
      `${file}:${at.line}:${at.column}: ${reason}`,
      hint === undefined ? {} : { hint },
    );
  }
}
