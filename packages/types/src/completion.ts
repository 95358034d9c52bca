/**
 * Completion of command lines: what the host's terminal and `terminal:terminal:sys` say to each other.
 * The terminal asks with a request whose metadata is `COMPLETION_METADATA`; its body is a `CompletionRequest` as JSON.
 * Without that metadata a body from the terminal is a command line (spec/packages-and-tools.md §19.1).
 * @module
 */

export const COMPLETION_METADATA = "complete";

export interface CompletionRequest {
  readonly line: string;
  /** Place of the cursor in UTF-16 units from the start of `line`. */
  readonly cursor: number;
}

export interface Completion {
  /** What replaces `line.slice(from, cursor)`. */
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

/**
 * Ctrl+C while a command runs: a request with this metadata and the body `null`, answered with `InterruptAnswer`.
 * The terminal process ends the newest command line that still runs, with all scripts of it.
 * Unanswered after 500 ms counts as "nothing ran".
 */
export const INTERRUPT_METADATA = "interrupt";

/** The answer, as JSON. */
export interface InterruptAnswer {
  /** Whether a command line ran and was ended. The terminal does what Ctrl+C means otherwise when not. */
  readonly interrupted: boolean;
}
