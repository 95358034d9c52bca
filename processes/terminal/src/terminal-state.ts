/**
 * What the terminal knows between two lines.
 * @module
 */
import type { Aliases } from "./aliases.ts";
import type { Sessions } from "./sessions.ts";

export interface TerminalState {
  readonly aliases: Aliases;
  readonly sessions: Sessions;
}
