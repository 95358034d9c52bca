/**
 * All open terminals of a node: the one of its console and those in browsers show the same lines.
 * @module
 */
import type { PrintedLine } from "./line-format.ts";
import type { Terminal } from "./terminal.ts";

/** Lines that a terminal shows first when it is opened. */
const REMEMBERED_LINES = 200;
/** Fewer when they are long. */
const REMEMBERED_CHARACTERS = 32_768;

export class Screens {
  readonly #plain: (line: PrintedLine) => void;
  readonly #open = new Set<Terminal>();
  readonly #recent: PrintedLine[] = [];
  /** Whether lines go to the plain output as well: as long as the console has no terminal. */
  #isPlain = true;

  /** @param plain - takes lines while the console has no terminal */
  constructor(plain: (line: PrintedLine) => void) {
    this.#plain = plain;
  }

  show(line: PrintedLine): void {
    this.#recent.push(line);
    if (this.#recent.length > REMEMBERED_LINES) this.#recent.shift();
    if (this.#isPlain) this.#plain(line);
    for (const terminal of this.#open) terminal.show(line);
  }

  /** The console's own terminal takes over from the plain output. Returns how to undo that. */
  attachConsole(terminal: Terminal): () => void {
    this.#isPlain = false;
    this.#open.add(terminal);
    return () => {
      this.#isPlain = true;
      this.#open.delete(terminal);
    };
  }

  /** Shows the newest lines in a terminal, and from now on all of them. Returns how to end that. */
  attach(terminal: Terminal): () => void {
    let characters = 0;
    const first = this.#recent.findLastIndex(
      ({ text }) => (characters += text.length) > REMEMBERED_CHARACTERS,
    );
    for (const line of this.#recent.slice(first + 1)) terminal.show(line);
    this.#open.add(terminal);
    return () => this.#open.delete(terminal);
  }
}
