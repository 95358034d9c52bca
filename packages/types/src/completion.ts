/**
 * What the host's terminal and `terminal:terminal:sys` say to each other besides command lines.
 *
 * - Completion: a request whose metadata is `COMPLETION_METADATA`; its body is a `CompletionRequest` as JSON.
 * - Ctrl+C: a request whose metadata is `INTERRUPT_METADATA`; its body is an `InterruptRequest` as JSON.
 * - Everything else from the terminal's own address is a command line (spec/packages-and-tools.md §19.1). Its metadata may
 *   say which of several terminals it was typed in: `SESSION_PREFIX` and a name. Each session has a current folder and
 *   running commands of its own; without a name it is the node's console.
 * @module
 */

export const COMPLETION_METADATA = "complete";

export interface CompletionRequest {
  readonly line: string;
  /** Place of the cursor in UTF-16 units from the start of `line`. */
  readonly cursor: number;
  /** Whose current folder relative paths start from. Default: the console. */
  readonly session?: string;
}

export interface Completion {
  /** What replaces `line.slice(from, cursor)`. One that ends in `/` is a folder: no blank after it. */
  readonly text: string;
  /** One line that explains it, for lists. */
  readonly hint?: string;
}

/** The answer, as JSON. Sorted; at most 200. */
export interface CompletionAnswer {
  /** Start of the word that is completed. */
  readonly from: number;
  readonly completions: readonly Completion[];
}

/** Metadata of a command line of a named session: `session:web-1`. */
export const SESSION_PREFIX = "session:";

/**
 * Ctrl+C while a command runs: a request with this metadata, an `InterruptRequest` as JSON, and an expected response.
 * All command lines of the session end, with all scripts of them. Unanswered after 500 ms counts as "nothing ran".
 */
export const INTERRUPT_METADATA = "interrupt";

export interface InterruptRequest {
  /** Whose commands are ended. Default: those of the console. */
  readonly session?: string;
}

/** The answer, as JSON. */
export interface InterruptAnswer {
  /** How many commands were running and have been ended; 0: nothing was to be interrupted. */
  readonly interrupted: number;
}
